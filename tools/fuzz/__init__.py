"""Generated octets for every decoder of octets from outside (laws 4 and 5): a plain generator and a guided one."""
