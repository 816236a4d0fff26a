# What the portal has, as configuration. The ids are the portal's; the plan that
# brings them in changes nothing.
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

resource "asm_token" "district" {
  name     = "District"
  apple_id = "it@school.example"
}

# What the portal has set is named here: the plan shows what was forgotten.
import {
  to = asm_enrollment_profile.classroom
  id = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11_c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
}

resource "asm_enrollment_profile" "classroom" {
  token_id          = asm_token.district.id
  name              = "Classroom"
  supervised        = true
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6 }
  pairing           = { mode = "deny" }
  department        = "School IT"
  department_phone  = "+1 555 0100"
  skip_setup_items  = ["AppleID", "Siri", "TOS"]

  lifecycle {
    create_before_destroy = true
  }
}

import {
  to = asm_enrollment_profile.staff
  id = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11_d7e1a0c2-5b2f-4c37-8e0a-91f6c3b2a433"
}

resource "asm_enrollment_profile" "staff" {
  token_id       = asm_token.district.id
  name           = "Staff"
  supervised     = true
  user_affinity  = true
  authentication = "modern"
  pairing        = { mode = "deny" }

  lifecycle {
    create_before_destroy = true
  }
}

import {
  to = asm_enrollment_policy.library
  id = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11/e2b94a61-70d5-4d18-b3c6-0f8a5e7d9144"
}

resource "asm_enrollment_policy" "library" {
  token_id          = asm_token.district.id
  name              = "Library"
  user_affinity     = false
  locked_enrollment = true
}

import {
  to = asm_default_profile.classroom
  id = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11/ios"
}

resource "asm_default_profile" "classroom" {
  token_id   = asm_token.district.id
  profile_id = asm_enrollment_profile.classroom.id
}

# Whoever has the profile today. Later a file or a list of your own can take the
# place of the data source: changing the form sends nothing.
data "asm_devices" "classroom" {
  token_id   = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
  assignment = ["5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11_c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"]
}

import {
  to = asm_device_assignment.classroom
  id = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11/5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11_c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
}

resource "asm_device_assignment" "classroom" {
  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.classroom.id
  serial_number_list = data.asm_devices.classroom.serial_number_list
  on_leave           = "keep"
}
