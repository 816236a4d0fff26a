// Package acceptance tests the provider from outside: a real command line tool
// applies configurations, the Apple simulator stands for Apple and for the
// portal, and only what a user or Apple could see is looked at.
//
// The tests run with TF_ACC=1 and the tool that TF_ACC_TERRAFORM_PATH names.
package acceptance
