#!/bin/sh
# Makes the certificate of the receivers in the tests: for localhost, signed by itself, trusted by
# nobody else. Run it to make another; the tests depend on none of its bits.
set -eu
cd "$(dirname "$0")"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 -days 36500 \
  -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
  -addext "basicConstraints=critical,CA:FALSE" -keyout localhost.key -out localhost.pem
