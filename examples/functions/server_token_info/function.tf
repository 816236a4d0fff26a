# Which public key was token.p7m made for, and is it this token's?
locals {
  server_token = provider::asm::server_token_info(file("${path.module}/token.p7m"), asm_token.district.public_key_pem)
}

check "server_token" {
  assert {
    condition     = local.server_token.matches
    error_message = "token.p7m is for the public key ${local.server_token.recipients[0].serial_number} of ${local.server_token.recipients[0].issuer}, which is not the district's."
  }
}

output "server_token_cipher" {
  value = local.server_token.content_cipher
}
