# Profiles that exist already, brought in with one import block. The ids are those
# that the data source asm_enrollment_profiles shows.
terraform {
  required_version = ">= 1.11"
  required_providers {
    asm = { source = "asm-enrollment/asm" }
  }
}

provider "asm" {
  intune = {}
}

locals {
  token = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"

  profiles = {
    Classroom = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11_c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
    Library   = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11_d7e1a0c2-5b2f-4c37-8e0a-91f6c3b2a433"
  }
}

import {
  for_each = local.profiles

  to = asm_enrollment_profile.all[each.key]
  id = each.value
}

resource "asm_enrollment_profile" "all" {
  for_each = local.profiles

  token_id          = local.token
  name              = each.key
  supervised        = true
  locked_enrollment = true
  pairing           = { mode = "deny" }
  department        = "School IT"

  lifecycle {
    create_before_destroy = true
  }
}
