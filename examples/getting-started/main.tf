# One configuration for both steps. The first apply makes a key pair and says
# what to click; put the server token that Apple School Manager gives you beside
# this file as token.p7m, and apply again. Renewing is the same with a new file.
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

# Keep the file: where it is missing, have_token is false, and everything that
# has a count below is planned to be destroyed. The plan warns, with the number
# of devices that would lose their profile.
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

# New iPads get this profile with the sync that brings them in.
resource "asm_default_profile" "classroom" {
  count = local.have_token ? 1 : 0

  token_id   = asm_token.district.id
  profile_id = asm_enrollment_profile.classroom[0].id
}

resource "asm_sds_connection" "district" {
  count = local.have_token ? 1 : 0

  token_id = asm_token.district.id
}

# A nightly apply brings new iPads in: the sync is planned again once it is a
# day old.
resource "asm_device_sync" "daily" {
  count = local.have_token ? 1 : 0

  token_id = asm_token.district.id
  max_age  = "24h"
}

# What is free, and what this profile has already: the union, so that assigning
# a device does not unselect it.
data "asm_devices" "classroom" {
  count = local.have_token ? 1 : 0

  token_id   = asm_token.district.id
  family     = "iPad"
  assignment = ["unassigned", asm_enrollment_profile.classroom[0].id]
  depends_on = [asm_device_sync.daily]
}

resource "asm_device_assignment" "classroom" {
  count = local.have_token ? 1 : 0

  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.classroom[0].id
  serial_number_list = data.asm_devices.classroom[0].serial_number_list

  lifecycle {
    postcondition {
      condition     = self.failed_count == 0
      error_message = "Some iPads did not get the profile: ${join(", ", self.failed_serial_numbers)}"
    }
  }
}
