# One configuration for both steps. Without token.p7m the first apply makes a
# key pair and says what to click; with it the next apply uploads it.
locals {
  token_file = "${path.module}/token.p7m"
  have_token = fileexists(local.token_file)
}

resource "asm_token" "district" {
  name                    = "District"
  apple_id                = "it@school.example"
  server_token_wo         = local.have_token ? file(local.token_file) : null
  server_token_wo_version = local.have_token ? filesha256(local.token_file) : null
}

# What to upload in Apple School Manager:
# terraform output -raw public_key_pem > district.pem
output "public_key_pem" {
  value = asm_token.district.public_key_pem
}
