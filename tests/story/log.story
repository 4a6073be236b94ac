# S44: what an IOS server logs when it makes its next CA certificate, in its words and order.
ca grant=auto crl=30d ca-lifetime=730d lifetime=365d rollover=90d archive
at 2015-10-09T12:14:16Z
wait 639d+86399s
steady
log
wait 1s
expect log -> story notice: CRYPTO_CS: shadow generation timer fired ca='ROOTCA'
expect log -> CRYPTO_CS: key 'ROOTCA#' does not exist; generated automatically
expect log -> CRYPTO_CS: shadow CA successfully created ca='ROOTCA' from='2017-10-08T12:14:16Z' until='2019-10-08T12:14:16Z'
expect log -> CRYPTO_CS: exporting shadow CA key and cert
expect log -> next CA certificate can be fetched
