# An MDM has a token already. With the key pair of that MDM its server token is
# uploaded here too, and keeps working there.
variable "mdm_private_key" {
  type      = string
  ephemeral = true
  sensitive = true
}

resource "asm_token" "library" {
  name     = "Library"
  apple_id = "it@school.example"

  certificate_pem        = file("${path.module}/mdm.pem")
  private_key_wo         = var.mdm_private_key
  private_key_wo_version = "1"

  server_token_wo         = file("${path.module}/mdm.p7m")
  server_token_wo_version = filesha256("${path.module}/mdm.p7m")
}
