# A Mac with a local administrator. The settings of the accounts have no
# attributes; naming one below an option chooses that option.
resource "asm_enrollment_policy" "mac" {
  token_id         = asm_token.district.id
  platform         = "macos"
  name             = "Teachers' Mac"
  user_affinity    = true
  skip_setup_items = ["Diagnostics", "iCloudDiagnostics", "Siri", "TOS"]

  settings = {
    ade_accountsettings_adminaccountname = "schooladmin"
    ade_accountsettings_hideusersgroups  = "ade_accountsettings_hideusersgroups_1"
  }

  lifecycle {
    create_before_destroy = true
  }
}
