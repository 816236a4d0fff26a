package acceptance

import "fmt"

// Pieces of configuration that the tests put together.
const (
	tokenConfig = `
locals {
  token_file = "${path.module}/token.p7m"
  have_token = fileexists(local.token_file)
}

resource "asm_token" "district" {
  name                    = "District"
  apple_id                = "admin@school.example"
  deletion_protection     = false
  server_token_wo         = local.have_token ? file(local.token_file) : null
  server_token_wo_version = local.have_token ? filesha256(local.token_file) : null
}

output "public_key_pem" { value = asm_token.district.public_key_pem }
output "token_id" { value = asm_token.district.id }
`
	fullSyncConfig = `
resource "asm_device_sync" "now" {
  token_id = asm_token.district.id
  kind     = "full"
  triggers = { run = var.run }
}

variable "run" { default = "1" }
`
	defaultConfig = `
resource "asm_default_profile" "classroom" {
  token_id   = asm_token.district.id
  profile_id = asm_enrollment_profile.classroom.id
}
`
	sdsConfig = `
resource "asm_sds_connection" "district" {
  token_id = asm_token.district.id
}
`
)

// profileConfig is a profile of a name, with more lines inside it.
func profileConfig(label, more string) string {
	return fmt.Sprintf(`
resource "asm_enrollment_profile" %[1]q {
  token_id = asm_token.district.id
  name     = %[1]q
%[2]s
}

output "%[1]s_id" { value = asm_enrollment_profile.%[1]s.id }
`, label, more)
}

// assignmentConfig gives a profile to the devices of a file, with more lines.
func assignmentConfig(profile, file, more string) string {
	return fmt.Sprintf(`
resource "asm_device_assignment" %[1]q {
  token_id            = asm_token.district.id
  profile_id          = asm_enrollment_profile.%[1]s.id
  serial_numbers_file = "${abspath(path.module)}/%[2]s"
%[3]s
}
`, profile, file, more)
}

// selectedConfig gives a profile to every device that is free or has it.
func selectedConfig(profile string) string {
	return fmt.Sprintf(`
data "asm_devices" %[1]q {
  token_id   = asm_token.district.id
  assignment = ["unassigned", asm_enrollment_profile.%[1]s.id]
}

resource "asm_device_assignment" %[1]q {
  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.%[1]s.id
  serial_number_list = data.asm_devices.%[1]s.serial_number_list
}
`, profile)
}
