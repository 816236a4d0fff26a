// Package contract checks what goes over the wire between the provider and Microsoft Graph, real or simulated, against
// OpenAPI documents of Graph's beta: requests and responses, on the server's side (Middleware) or the client's
// (RoundTripper). The simulator and the client were written from the same facts but not from the same code; this is the
// third party that says which of them is wrong.
//
// Two documents are embedded. graph-beta-dep.strict.openapi.yaml has the enrollment program, and the README beside it
// says where it comes from. configuration-policies.openapi.yaml has the settings catalog, written here from captured
// traffic and public metadata; it states its own origin.
//
// Beyond the documents, four rules are held:
//
//   - An entity in an answer has every property that Graph's metadata calls not nullable, unless $select was asked for:
//     Intune sends defaults instead of leaving properties out.
//   - A success has the status that the operation's documentation page shows, or one that the document names.
//   - A query option ($filter, $top, ...) is one that the operation has.
//   - What fails has Graph's error shape. Only a gateway (502, 503, 504) may answer in words of its own.
//
// A request counts as wrong only where the service took it, or failed on its own account (429, 5xx): tests send bad
// requests on purpose, and the 400 they get is the point.
package contract
