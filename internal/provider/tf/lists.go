package tf

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Values are an object's values where they are put together: the state of an
// import, or the resource of a list.
type Values interface {
	Get(ctx context.Context, into any) diag.Diagnostics
	Set(ctx context.Context, value any) diag.Diagnostics
	SetAttribute(ctx context.Context, at path.Path, value any) diag.Diagnostics
}

// Listing is one run of a list resource. What looks for objects hands each to
// Add, and stops where Add says so.
type Listing struct {
	*Runtime
	// IncludeResource tells whether the objects themselves are wanted.
	IncludeResource bool

	req  list.ListRequest
	push func(list.ListResult) bool
	// added are the results so far.
	added int64
	// over: nobody wants another result.
	over bool
}

// Found is an object for a list.
type Found struct {
	// Name is for people; an object without one is shown by its ID.
	Name, ID string
	Identity any
	// Fill writes what an import of the identity reads.
	Fill func(ctx context.Context, into Values) diag.Diagnostics
}

// List streams what find finds. config takes the list block's configuration,
// before find is called. Errors go into the stream, also when results went before
// them: that is the only way on which they reach the user.
func (rt *Runtime) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream, things string, config any, find func(l *Listing) error) {
	var diags diag.Diagnostics
	if rt.listable(req.Config, things, &diags) {
		diags.Append(req.Config.Get(ctx, config)...)
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		l := &Listing{Runtime: rt, IncludeResource: req.IncludeResource, req: req, push: push}
		err := find(l)
		if err == nil && !l.over {
			err = context.Cause(ctx) // what was cut short is not all
		}
		if err != nil && !l.over {
			var said diag.Diagnostics
			AddError(&said, "list", things, err)
			push(list.ListResult{Diagnostics: said})
		}
	}
}

// listable is false, with an error, while the service or a value of the list
// block is not known.
func (rt *Runtime) listable(config tfsdk.Config, things string, diags *diag.Diagnostics) bool {
	if !rt.Ready() {
		setting := "the provider configuration"
		if rt != nil && rt.NotReady != "" {
			setting = rt.NotReady
		}
		diags.AddError("Unable to list "+things+" before the provider is configured",
			fmt.Sprintf("The value of %s is not known yet. Apply what it comes from first, then query.", setting))
	}
	values := map[string]tftypes.Value{}
	if config.Raw.IsKnown() && !config.Raw.IsNull() {
		if err := config.Raw.As(&values); err != nil {
			diags.AddError("Unable to list "+things, Sentence(err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !values[name].IsFullyKnown() {
			diags.AddAttributeError(path.Root(name), "Unable to list "+things,
				fmt.Sprintf("The value of %s is not known yet. Give one that is known without an apply.", name))
		}
	}
	return !diags.HasError()
}

// Add gives one object to whoever asked. It is false when nothing more is wanted:
// the limit is reached, the consumer is gone, or the object could not be written.
func (l *Listing) Add(ctx context.Context, found Found) bool {
	if l.over || ctx.Err() != nil {
		return false
	}
	result := l.req.NewListResult(ctx)
	if result.DisplayName = found.Name; found.Name == "" {
		result.DisplayName = found.ID
	}
	result.Diagnostics.Append(result.Identity.Set(ctx, found.Identity)...)
	if l.IncludeResource {
		result.Diagnostics.Append(found.Fill(ctx, result.Resource)...)
	}
	l.added++
	l.over = !l.push(result) || result.Diagnostics.HasError() || l.added == l.req.Limit
	return !l.over
}

// AddEach gives what objects yields and matches wants. Each is read by itself, which
// may cost requests of its own, only where the resource is asked for; one that is
// gone by then is passed over.
func AddEach[T any](ctx context.Context, l *Listing, objects iter.Seq2[T, error], matches func(T) bool, read func(T) (T, error), found func(T) Found) error {
	for object, err := range objects {
		if err != nil {
			return err
		}
		if !matches(object) {
			continue
		}
		if l.IncludeResource {
			object, err = read(object)
		}
		if errors.Is(err, enrollment.ErrNotFound) {
			continue
		}
		if err != nil || !l.Add(ctx, found(object)) {
			return err
		}
	}
	return nil
}

// InTokens looks through the token that a list block names, or through all. One
// that is gone by the time it is looked at is passed over; where the named one does
// not exist that is the error, whatever was asked of it first.
func (l *Listing) InTokens(ctx context.Context, tokenID types.String, look func(tokenID string) error) error {
	if !tokenID.IsNull() {
		err := look(tokenID.ValueString())
		if err != nil {
			if _, gone := l.Service.ReadToken(ctx, tokenID.ValueString()); errors.Is(gone, enrollment.ErrNotFound) {
				return gone //nolint:wrapcheck // says what and what to do already
			}
		}
		return err
	}
	for token, err := range enrollment.TokensBriefly(ctx, l.Service) {
		if err != nil {
			return err
		}
		if err := look(token.ID); err != nil && !l.isGone(ctx, token.ID, err) {
			return err
		}
		if l.over || ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

func (l *Listing) isGone(ctx context.Context, tokenID string, err error) bool {
	if !errors.Is(err, enrollment.ErrNotFound) {
		return false
	}
	_, err = l.Service.ReadToken(ctx, tokenID)
	return errors.Is(err, enrollment.ErrNotFound)
}

// NameFilter selects objects by name. Embed it in the model of a list block.
type NameFilter struct {
	Name       types.String `tfsdk:"name"`
	NamePrefix types.String `tfsdk:"name_prefix"`
}

// Matches tells whether a name is wanted.
func (f NameFilter) Matches(name string) bool {
	return (f.Name.IsNull() || f.Name.ValueString() == name) && strings.HasPrefix(name, f.NamePrefix.ValueString())
}

// NameFilterAttributes are the attributes of a NameFilter.
func NameFilterAttributes(things string) map[string]listschema.Attribute {
	return map[string]listschema.Attribute{
		"name": listschema.StringAttribute{
			Optional: true, MarkdownDescription: "Only " + things + " of this name, in its exact spelling.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("name_prefix"))},
		},
		"name_prefix": listschema.StringAttribute{
			Optional: true, MarkdownDescription: "Only " + things + " whose name begins so, in exact spelling.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
	}
}

// TokenFilterAttribute names the token whose objects are listed.
func TokenFilterAttribute(things string) listschema.Attribute {
	return listschema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		MarkdownDescription: "Id of the `asm_token` whose " + things + " are listed. Left out: those of all tokens.",
	}
}
