#!/bin/sh
# Writes the seeds of fuzz_der, fuzz_cert and fuzz_csr with the openssl command. Run once; the result is checked in.
set -eu
cd "$(dirname "$0")/corpus"
mkdir -p der cert csr
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

octets() { # FILE HEX
	printf '%s' "$2" | tr -d ' ' | sed 's/../\\x&/g' | xargs -0 printf '%b' >"$1"
}

octets der/indefinite '3080060103308030000201050000248004 02abcd 24800401000000040101 00000000'
octets der/name-ios '302f310e300c060355040a1305436973636f310c300a060355040b1303544143310f300d06035504031306526f6f744341'
octets der/name-multi '3031312f300f060355040513083637313039313034301c06092a864886f70d010902160f723135 2e6c6162746563682e7375'
octets der/time-2049 '170d3439313233313233353935395a'
octets der/time-2050 '180f32303530303130313030303030305a'
octets der/padded-length '3082000302 0105'
printf 'CN="Cisco, Inc.",OU=a\\2cb+serialNumber=7,1.2.3.4=x' >der/name-text

openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/ec.pem"
openssl genrsa -out "$tmp/rsa.pem" 1024 2>/dev/null
cat >"$tmp/conf" <<'CONF'
[req]
distinguished_name = dn
attributes = attrs
prompt = no
[dn]
CN = r1
unstructuredName = r1.example.com
[attrs]
challengePassword = secret
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = clientAuth,ipsecEndSystem,1.2.3.4
subjectAltName = DNS:r1.example.com,IP:192.0.2.1,IP:2001:db8::1,email:a@b.example,URI:http://example.com/,RID:1.2.3
crlDistributionPoints = URI:http://example.com/x.crl
[caconf]
database = $ENV::TMP_CA/index
crlnumber = $ENV::TMP_CA/number
default_md = sha256
default_crl_days = 1
CONF
for k in ec rsa; do
	openssl req -config "$tmp/conf" -new -x509 -extensions ca -key "$tmp/$k.pem" -days 30 -outform DER -out "cert/ca-$k"
	openssl req -config "$tmp/conf" -new -x509 -extensions leaf -key "$tmp/$k.pem" -days 20000 -outform DER -out "cert/leaf-$k"
	openssl req -config "$tmp/conf" -new -reqexts leaf -key "$tmp/$k.pem" -outform DER -out "csr/full-$k"
	openssl req -config "$tmp/conf" -new -subj /CN=r1 -key "$tmp/$k.pem" -outform DER -out "csr/plain-$k"
done
openssl req -config "$tmp/conf" -new -x509 -extensions ca -key "$tmp/rsa.pem" -sigopt rsa_padding_mode:pss -outform DER -out cert/pss
printf 'V\t300101000000Z\t\t01\tunknown\t/CN=a\nR\t300101000000Z\t260101000000Z,keyCompromise\t02\tunknown\t/CN=b\nR\t300101000000Z\t260101000000Z\tF0A3\tunknown\t/CN=c\n' >"$tmp/index"
echo 1000 >"$tmp/number"
openssl req -config "$tmp/conf" -new -x509 -extensions ca -key "$tmp/ec.pem" -days 30 -out "$tmp/ca.pem"
TMP_CA=$tmp openssl ca -config "$tmp/conf" -name caconf -gencrl -keyfile "$tmp/ec.pem" -cert "$tmp/ca.pem" -out "$tmp/crl.pem" 2>/dev/null
openssl crl -in "$tmp/crl.pem" -outform DER -out cert/crl
