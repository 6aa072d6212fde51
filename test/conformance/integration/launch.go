// Starts Flotilla's API server in place of upstream's. The package's name is put in where this is copied to.
package launch

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	restclient "k8s.io/client-go/rest"
)

// launchFlotilla gives what a client needs, and what ends the server.
func launchFlotilla(flags []string, folder string) (*restclient.Config, func(), error) {
	text, err := json.Marshal(flags)
	if err != nil {
		return nil, nil, err
	}
	program := os.Getenv("FLOTILLA_API_SERVER")
	cmd := exec.Command(os.Getenv("FLOTILLA_NODE"), program, string(text))
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReader(output)
	line, err := reader.ReadBytes('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("flotilla: %w", err)
	}
	go io.Copy(os.Stderr, reader)
	var told struct{ URL, CA, Token string }
	if err := json.Unmarshal(line, &told); err != nil {
		return nil, nil, err
	}
	ca := filepath.Join(folder, "apiserver.crt")
	if err := os.WriteFile(ca, []byte(told.CA), 0o600); err != nil {
		return nil, nil, err
	}
	config := &restclient.Config{
		Host:            told.URL,
		QPS:             1000,
		Burst:           10000,
		BearerToken:     told.Token,
		TLSClientConfig: restclient.TLSClientConfig{CAData: []byte(told.CA), CAFile: ca},
	}
	// As upstream's start does, which tests count on that look at what was counted.
	client, err := restclient.HTTPClientFor(config)
	if err != nil {
		return nil, nil, err
	}
	answer, err := client.Get(told.URL + "/healthz")
	if err != nil {
		return nil, nil, err
	}
	answer.Body.Close()
	stop := func() {
		input.Close()
		ended := make(chan struct{})
		go func() { cmd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(4 * time.Second):
			cmd.Process.Kill()
		}
	}
	return config, stop, nil
}
