# A tenant whose token was made in the Intune admin center: it is imported, and
# everything below it is made here.
terraform {
  required_version = ">= 1.11"
  required_providers {
    asm = { source = "asm-enrollment/asm" }
  }
}

provider "asm" {
  intune = {}
}

import {
  to = asm_token.district
  id = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
}

# The server token that Intune has stays in use. Next year's is uploaded by
# server_token_wo and server_token_wo_version.
resource "asm_token" "district" {
  name     = "District"
  apple_id = "it@school.example"
}

# One student, one iPad: who sets it up signs in.
resource "asm_enrollment_policy" "student" {
  token_id          = asm_token.district.id
  name              = "Student iPad"
  user_affinity     = true
  locked_enrollment = true
  department        = "School IT"
  department_phone  = "+1 555 0100"
  skip_setup_items  = ["Diagnostics", "Payment", "Siri", "TOS"]

  lifecycle {
    create_before_destroy = true
  }
}

# iPads that a later sync brings in get this policy.
resource "asm_default_profile" "ios" {
  token_id   = asm_token.district.id
  profile_id = asm_enrollment_policy.student.profile_id
}

# A nightly apply asks Intune for a sync when the last one is a day old.
resource "asm_device_sync" "daily" {
  token_id = asm_token.district.id
  max_age  = "24h"
}

# iPads that were there before the policy: the default does not reach them.
data "asm_devices" "student" {
  token_id   = asm_token.district.id
  family     = "iPad"
  assignment = ["unassigned", asm_enrollment_policy.student.profile_id]
  depends_on = [asm_device_sync.daily]
}

# Microsoft Graph cannot take a profile from a device: those that leave keep it.
resource "asm_device_assignment" "student" {
  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_policy.student.profile_id
  serial_number_list = data.asm_devices.student.serial_number_list
  on_leave           = "keep"

  lifecycle {
    postcondition {
      condition     = self.failed_count == 0
      error_message = "Some iPads did not get the policy: ${join(", ", self.failed_serial_numbers)}"
    }
  }
}
