// An origin that can decrypt a ClientHello: Go's crypto/tls, from Go 1.24 on. It serves site.pem and public.pem, and answers every
// request with what it knows of the connection.
package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"log"
	"net/http"
)

// The bytes behind their length.
func short(bytes []byte) []byte {
	length := binary.BigEndian.AppendUint16(nil, uint16(len(bytes)))
	return append(length, bytes...)
}

// An ECHConfig (RFC 9849 section 4) for X25519, HKDF-SHA256 and AES-128-GCM.
func echConfig(publicName string, key *ecdh.PrivateKey) []byte {
	contents := []byte{7, 0x00, 0x20}
	contents = append(contents, short(key.PublicKey().Bytes())...)
	contents = append(contents, short([]byte{0, 1, 0, 1})...)
	contents = append(contents, 0, byte(len(publicName)))
	contents = append(contents, publicName...)
	contents = append(contents, 0, 0)
	return append([]byte{0xfe, 0x0d}, short(contents)...)
}

func key() *ecdh.PrivateKey {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	return key
}

func main() {
	confused := flag.Bool("confused", false, "publish a configuration for another key than one's own")
	silent := flag.Bool("silent", false, "send no configuration along with a rejection")
	configs := flag.Int("configs", 1, "how many configurations come along with a rejection")
	p256 := flag.Bool("p256", false, "exchange keys by P-256 alone")
	flag.Parse()

	settings := &tls.Config{}
	for i := 0; i < *configs; i++ {
		own := key()
		published := own
		if *confused {
			published = key()
		}
		settings.EncryptedClientHelloKeys = append(settings.EncryptedClientHelloKeys, tls.EncryptedClientHelloKey{
			Config: echConfig("public.example.test", published), PrivateKey: own.Bytes(), SendAsRetry: !*silent,
		})
	}
	config := settings.EncryptedClientHelloKeys[0].Config
	if *p256 {
		settings.CurvePreferences = []tls.CurveID{tls.CurveP256}
	}
	for _, file := range []string{"site.pem", "public.pem"} {
		certificate, err := tls.LoadX509KeyPair(file, file)
		if err != nil {
			log.Fatal(err)
		}
		settings.Certificates = append(settings.Certificates, certificate)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", settings)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("LISTENING", listener.Addr(), hex.EncodeToString(short(config)))
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "name %s, accepted %t, resumed %t", r.TLS.ServerName, r.TLS.ECHAccepted, r.TLS.DidResume)
	})))
}
