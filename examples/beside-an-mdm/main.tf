# An MDM has a token of Apple School Manager already, and keeps it. Its key pair
# comes along, so that one server token does for both.
terraform {
  required_version = ">= 1.11"
  required_providers {
    asm = { source = "asm-enrollment/asm" }
  }
}

provider "asm" {
  embedded = {
    mdm_url = "https://mdm.school.example/enroll"
  }
}

variable "mdm_private_key" {
  type        = string
  ephemeral   = true
  sensitive   = true
  description = "The MDM's private key, PEM without a password: TF_VAR_mdm_private_key."
}

resource "asm_token" "district" {
  name     = "District"
  apple_id = "it@school.example"

  certificate_pem        = file("${path.module}/mdm.pem")
  private_key_wo         = var.mdm_private_key
  private_key_wo_version = "1"

  # The file that the MDM has: downloading another one would end it.
  server_token_wo         = file("${path.module}/mdm.p7m")
  server_token_wo_version = filesha256("${path.module}/mdm.p7m")
}

# The MDM's own profiles go on. This one is new, and these devices only.
resource "asm_enrollment_profile" "library" {
  token_id          = asm_token.district.id
  name              = "Library"
  locked_enrollment = true

  lifecycle {
    create_before_destroy = true
  }
}

resource "asm_device_assignment" "library" {
  token_id            = asm_token.district.id
  profile_id          = asm_enrollment_profile.library.id
  serial_numbers_file = "${path.module}/library.txt"

  # From whom it may take an iPad: nobody. One that has a profile of the MDM is an
  # error that names it.
  take_over_from = []
}

# What the MDM has given out: profiles that only Apple knows show by their UUID.
data "asm_devices" "all" {
  token_id   = asm_token.district.id
  details    = true
  depends_on = [asm_device_assignment.library]
}

output "profiles_at_apple" {
  value = sort(distinct(compact([for ipad in data.asm_devices.all.devices : ipad.profile_id])))
}
