// Package archive packs files so that equal files make equal archives.
package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"time"
)

// File is one file of an archive.
type File struct {
	Name    string
	Mode    int64
	Content []byte
}

// Tar makes a compressed archive of the files in their order. All times are the beginning of 1970.
func Tar(files []File) ([]byte, error) {
	var page bytes.Buffer
	compressed := gzip.NewWriter(&page)
	packed := tar.NewWriter(compressed)
	for _, file := range files {
		header := &tar.Header{Name: file.Name, Mode: file.Mode, Size: int64(len(file.Content)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		if err := packed.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := packed.Write(file.Content); err != nil {
			return nil, err
		}
	}
	if err := packed.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return page.Bytes(), nil
}

// Zip makes a zip archive of the files in their order. All times are the beginning of 1980, the first that the format has.
func Zip(files []File) ([]byte, error) {
	var page bytes.Buffer
	packed := zip.NewWriter(&page)
	for _, file := range files {
		header := &zip.FileHeader{Name: file.Name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(fs.FileMode(file.Mode))
		member, err := packed.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := member.Write(file.Content); err != nil {
			return nil, err
		}
	}
	if err := packed.Close(); err != nil {
		return nil, err
	}
	return page.Bytes(), nil
}
