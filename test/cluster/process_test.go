package cluster

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// bareCluster supervises processes and has no control plane.
func bareCluster(t *testing.T) *Cluster {
	t.Helper()
	c := &Cluster{dir: t.TempDir(), starter: newStarter(), cancel: func() {}}
	t.Cleanup(c.Stop)
	return c
}

func TestProcessThatExitsIsAnErrorWithItsLastLines(t *testing.T) {
	c := bareCluster(t)
	process, err := c.AddProcess("talker", exec.Command("sh", "-c", "for i in $(seq 30); do echo line $i; done; exit 7"))
	must(t, err)
	<-process.Exited()

	err = c.Err()

	if err == nil {
		t.Fatal("a process that ended by itself is no error")
	}
	for _, want := range []string{"talker", "exit status 7", "line 11\n", "line 30"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "line 10\n") {
		t.Errorf("the error has more than the log's last lines: %v", err)
	}
}

func TestProcessThatIsStoppedIsNoError(t *testing.T) {
	c := bareCluster(t)
	process, err := c.AddProcess("sleeper", exec.Command("sleep", "600"))
	must(t, err)
	pid := process.PID()
	process.Stop()
	process.Stop()
	if alive(pid) {
		t.Errorf("process %d is still there", pid)
	}
	must(t, c.Err())
}

func TestProcessGetsTimeToShutDown(t *testing.T) {
	c := bareCluster(t)
	process, err := c.AddProcess("orderly", exec.Command("sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"))
	must(t, err)
	must(t, process.WaitReady(t.Context(), func(context.Context) error {
		log, err := os.ReadFile(process.LogPath())
		if err == nil && len(log) == 0 {
			return errors.New("nothing yet")
		}
		return err
	}))
	if code := process.ExitCode(); code != -1 {
		t.Errorf("exit code %d of a process that runs", code)
	}
	process.Terminate()
	<-process.Exited()
	if code := process.ExitCode(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	process.Terminate()
	must(t, c.Err())
}

func TestProcessStartsAgainAndAppendsToItsLog(t *testing.T) {
	c := bareCluster(t)
	process, err := c.AddProcess("greeter", exec.Command("echo", "hello"))
	must(t, err)
	<-process.Exited()
	must(t, process.Start())
	<-process.Exited()
	log, err := os.ReadFile(process.LogPath())
	must(t, err)
	if string(log) != "hello\nhello\n" {
		t.Errorf("the log is %q, want both greetings", log)
	}
}

func TestProcessesNeedAProgramAndAUniqueName(t *testing.T) {
	c := bareCluster(t)
	if _, err := c.AddProcess("nothing", exec.Command("no-such-program")); err == nil {
		t.Error("a program that does not exist is started")
	}
	if _, err := c.AddProcess("nowhere", exec.Command(filepath.Join(c.Dir(), "absent"))); err == nil {
		t.Error("a file that does not exist is started")
	}
	sleeper, err := c.AddProcess("sleeper", exec.Command("sleep", "600"))
	must(t, err)
	if _, err := c.AddProcess("sleeper", exec.Command("sleep", "600")); err == nil {
		t.Error("two processes share a name")
	}
	if err := sleeper.Start(); err == nil {
		t.Error("a running process is started a second time")
	}
}

func TestComponentTriesOtherPortsWhenItsPortWasTaken(t *testing.T) {
	c := bareCluster(t)
	marker := filepath.Join(c.Dir(), "tried")
	script := `if [ -e "$0" ]; then exec sleep 600; fi; touch "$0"; echo "bind: address already in use"; exit 1`
	var tried [][]int
	ports, err := c.launch(t.Context(), component{
		name:  "unlucky",
		ports: 2,
		command: func(ports []int) (string, []string) {
			tried = append(tried, ports)
			return "/bin/sh", []string{"-c", script, marker}
		},
		ready: func([]int) probe { return runsFor(c, "unlucky", len(tried)) },
	})
	must(t, err)
	if len(tried) != 2 || len(ports) != 2 || ports[0] == ports[1] {
		t.Errorf("ports %v after trying %v; want two different ones at the second try", ports, tried)
	}
	if processes := c.Processes(); len(processes) != 1 {
		t.Errorf("%d processes are supervised, want only the one that runs", len(processes))
	}
}

// runsFor is ready when the process has lived through its first moments in the
// given try.
func runsFor(c *Cluster, name string, try int) probe {
	return func(context.Context) error {
		if try < 2 || c.Process(name).PID() == 0 {
			return errors.New("not yet")
		}
		return nil
	}
}

func alive(pid int) bool {
	process, err := os.FindProcess(pid)
	return err == nil && process.Signal(syscall.Signal(0)) == nil
}
