"""When and in which order: the only room that drives pyinfra's API and gevent."""
