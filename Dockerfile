# syntax=docker/dockerfile:1
# The webhook as an image: one static binary, and the authorities by which it trusts a registry (--rules oci://...).
# Nothing is fetched while it is built but Go modules.
FROM --platform=$BUILDPLATFORM golang:1.26.8 AS build
ARG TARGETOS TARGETARCH
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /stateward ./cmd/stateward

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /stateward /stateward
# A number: the kubelet cannot tell of a name that it is not root.
USER 65532:65532
ENTRYPOINT ["/stateward"]
CMD ["serve"]
