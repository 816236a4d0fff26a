# A district that a pipeline owns. Beside these files belong provider.tf from
# embedded/ or from intune/, and one of the files in state/.
terraform {
  required_version = ">= 1.11"
  required_providers {
    asm = { source = "asm-enrollment/asm" }
  }
}

# False in the first apply only. pipeline.sh does not run without the server
# token later: everything with a count would be planned to be destroyed.
locals {
  have_token = var.server_token_version != null
}

resource "asm_token" "district" {
  name                    = "District"
  apple_id                = "it@school.example"
  server_token_wo         = var.server_token
  server_token_wo_version = var.server_token_version
}

resource "asm_enrollment_profile" "classroom" {
  count = local.have_token ? 1 : 0

  token_id          = asm_token.district.id
  name              = "Classroom Shared iPad"
  supervised        = true
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6 }
  department        = "School IT"
  skip_setup_items  = ["AppleID", "Diagnostics", "Location", "Payment", "Restore", "Siri"]

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

# Planned again when the last good sync, whoever ran it, is 20 hours old: less
# than from night to night, so that a run which starts some minutes early finds
# it due. A run that comes too early for Apple skips the sync, and says so.
resource "asm_device_sync" "daily" {
  count = local.have_token ? 1 : 0

  token_id     = asm_token.district.id
  max_age      = "20h"
  on_throttled = "skip"
}

# Fetches every device anew when the text changes, for a new school year. Who
# changes it each day breaks no rule of Apple's: within seven days of the last
# full sync it runs as an incremental one, and says so.
resource "asm_device_sync" "full" {
  count = local.have_token ? 1 : 0

  token_id = asm_token.district.id
  kind     = "full"
  triggers = { asked_for = "2026" }
}

# What is free, and what this profile has already: the union, so that assigning
# a device does not unselect it.
data "asm_devices" "classroom" {
  count = local.have_token ? 1 : 0

  token_id   = asm_token.district.id
  family     = "iPad"
  assignment = ["unassigned", asm_enrollment_profile.classroom[0].id]
  depends_on = [asm_device_sync.daily, asm_device_sync.full]
}

resource "asm_device_assignment" "classroom" {
  count = local.have_token ? 1 : 0

  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.classroom[0].id
  serial_number_list = data.asm_devices.classroom[0].serial_number_list
  on_leave           = "keep"

  # What fails for single devices is a warning. Nobody reads the warnings of a
  # nightly run, so here it fails the pipeline. The next run tries them again.
  lifecycle {
    postcondition {
      condition     = self.failed_count == 0
      error_message = "${self.failed_count} iPads did not get the profile: ${join(", ", self.failed_serial_numbers)}"
    }
  }
}
