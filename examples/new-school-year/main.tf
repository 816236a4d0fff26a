# A new school year: one file says which iPad is whose, and a profile for each
# group follows it. Change ipads.csv, plan, look, apply.
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

resource "asm_token" "district" {
  name                    = "District"
  apple_id                = "it@school.example"
  server_token_wo         = file("${path.module}/token.p7m")
  server_token_wo_version = filesha256("${path.module}/token.p7m")
}

locals {
  # The columns serial and group. Only what names a group below is assigned.
  ipads = csvdecode(file("${path.module}/ipads.csv"))

  groups = {
    cart    = { name = "Shared iPad cart", cached_users = 6 }
    grade-7 = { name = "Grade 7", cached_users = null }
    spare   = { name = "In the cupboard", cached_users = null }
  }
}

resource "asm_enrollment_profile" "group" {
  for_each = local.groups

  token_id          = asm_token.district.id
  name              = each.value.name
  locked_enrollment = true
  shared_ipad       = each.value.cached_users == null ? null : { maximum_cached_users = each.value.cached_users }

  lifecycle {
    create_before_destroy = true
  }
}

resource "asm_device_assignment" "group" {
  for_each = local.groups

  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.group[each.key].id
  serial_number_list = join(" ", [for ipad in local.ipads : ipad.serial if ipad.group == each.key])

  # An iPad may come from any other group of this file, and from no profile that
  # somebody else made.
  take_over_from = [for key, profile in asm_enrollment_profile.group : profile.id if key != each.key]

  # The fuse. Raise it for the one apply that moves the school, to the number that
  # the error of the plan names: -var max_changes=250
  max_changes = var.max_changes

  # A group may be empty for a while.
  allow_empty = true

  lifecycle {
    postcondition {
      condition     = self.failed_count == 0
      error_message = "${self.failed_count} iPads of ${each.key} did not get their profile: ${join(", ", self.failed_serial_numbers)}"
    }
  }
}

variable "max_changes" {
  type        = string
  default     = null
  description = "The most iPads of a group that may leave or come in one apply. Left out: 10 %, and at least 50."
}

# Who has to be called in: an iPad in use takes its new profile when it is erased.
data "asm_devices" "to_erase" {
  for_each = asm_enrollment_profile.group

  token_id    = asm_token.district.id
  assignment  = [each.value.id]
  needs_reset = true
  depends_on  = [asm_device_assignment.group]
}

output "to_erase" {
  value = { for key, found in data.asm_devices.to_erase : key => compact(split(" ", found.serial_number_list)) }
}
