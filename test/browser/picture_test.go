package browser_test

import (
	"bytes"
	"image"
	"image/color"
	_ "image/png" // The browser writes PNG.
	"testing"

	_ "image/jpeg" // It writes JPEG for some qualities.
)

// colorsOf counts the colours that fill more than a few points of a picture.
func colorsOf(t *testing.T, picture []byte) (colors int) {
	t.Helper()
	decoded, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.RGBA]int{}
	for y := decoded.Bounds().Min.Y; y < decoded.Bounds().Max.Y; y++ {
		for x := decoded.Bounds().Min.X; x < decoded.Bounds().Max.X; x++ {
			counts[color.RGBAModel.Convert(decoded.At(x, y)).(color.RGBA)]++
		}
	}
	for _, count := range counts {
		if count > 200 {
			colors++
		}
	}
	return colors
}
