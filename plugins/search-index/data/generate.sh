#!/bin/sh
# Makes licences.txt of the licence texts of a Debian system. Any other files will do as well.
cd /usr/share/common-licenses && grep -n '' Apache-2.0 Artistic BSD CC0-1.0 GPL-1 MPL-2.0 >"$OLDPWD/licences.txt"
