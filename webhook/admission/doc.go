// Package admission answers the API server. It decodes AdmissionReviews, lets the engine decide, and writes the
// decision as a response: a denial, warnings, patches and audit annotations.
package admission
