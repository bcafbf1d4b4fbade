package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxPage in bytes is more than any page of metrics has.
const maxPage = 16 << 20

// Get returns what a server answers with status 200. The error of another answer says what that was.
func Get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return answer(client, request)
}

// answer returns what a server answers with status 200.
func answer(client *http.Client, request *http.Request) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s answers %s: %s", request.URL, response.Status, body), err)
	}
	return body, err
}
