"""The lab: real hosts on one Linux machine, to try a control plane on."""
