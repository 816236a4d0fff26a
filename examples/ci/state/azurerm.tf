# State in Azure storage, locked by a lease; signed in to as the pipeline, by
# OpenID Connect (ARM_USE_OIDC=true), without a key of the storage account.
terraform {
  backend "azurerm" {
    storage_account_name = "schoolstate"
    container_name       = "enrollment"
    key                  = "enrollment.tfstate"
    use_azuread_auth     = true
  }
}
