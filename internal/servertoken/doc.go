// Package servertoken reads the server token (.p7m) that Apple School Manager hands out for an MDM server, and makes the
// key pair for which Apple encrypts it.
//
// A server token is an S/MIME message: CMS EnvelopedData, encrypted for the certificate that was uploaded to the portal.
// Inside is a second MIME part with a small JSON object, the OAuth 1.0a credentials of Apple's device enrollment service
// (Apple: Examining server tokens). What a recipient needs to know, for which certificate it was made, can be read
// without the private key: that is Inspect. Decrypt needs the key.
//
// Neither an error text nor any printed form of a value of this package holds a secret.
package servertoken
