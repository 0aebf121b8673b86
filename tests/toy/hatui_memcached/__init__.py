"""A layer of another project: memcached on the network hosts, at most one file on each floor."""
