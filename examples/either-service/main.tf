# One configuration for either enrollment service: only the provider block is
# another, provider.tf in embedded/ or in intune/ beside this file. On Intune it
# needs a tenant that still creates classic enrollment profiles; where Microsoft
# has turned that off, use asm_enrollment_policy in place of the profile.
terraform {
  required_version = ">= 1.11"
  required_providers {
    asm = { source = "asm-enrollment/asm" }
  }
}

# Keep the file: where it is missing, have_token is false, and everything that
# has a count below is planned to be destroyed.
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

# user_affinity is left out: it is planned as the service needs it for Shared
# iPad.
resource "asm_enrollment_profile" "classroom" {
  count = local.have_token ? 1 : 0

  token_id          = asm_token.district.id
  name              = "Classroom Shared iPad"
  supervised        = true
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6 }
  pairing           = { mode = "deny" }
  department        = "School IT"
  department_phone  = "+1 555 0100"
  skip_setup_items  = ["AppleID", "Biometric", "Diagnostics", "Location", "Passcode", "Payment", "Restore", "Siri", "TOS"]

  lifecycle {
    create_before_destroy = true
  }
}

resource "asm_default_profile" "classroom" {
  count = local.have_token ? 1 : 0

  token_id   = asm_token.district.id
  profile_id = asm_enrollment_profile.classroom[0].id
}

resource "asm_sds_connection" "district" {
  count = local.have_token ? 1 : 0

  token_id = asm_token.district.id
}

resource "asm_device_sync" "daily" {
  count = local.have_token ? 1 : 0

  token_id = asm_token.district.id
  max_age  = "24h"
}

data "asm_devices" "classroom" {
  count = local.have_token ? 1 : 0

  token_id   = asm_token.district.id
  family     = "iPad"
  assignment = ["unassigned", asm_enrollment_profile.classroom[0].id]
  depends_on = [asm_device_sync.daily]
}

# Microsoft Graph cannot take a profile from a device, so what happens to devices
# that leave is said here; "keep" is understood by both services.
resource "asm_device_assignment" "classroom" {
  count = local.have_token ? 1 : 0

  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.classroom[0].id
  serial_number_list = data.asm_devices.classroom[0].serial_number_list
  on_leave           = "keep"

  lifecycle {
    postcondition {
      condition     = self.failed_count == 0
      error_message = "Some iPads did not get the profile: ${join(", ", self.failed_serial_numbers)}"
    }
  }
}
