package cluster

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// orphanVariable makes this test binary the parent that is going to be killed.
const orphanVariable = "STATEWARD_TEST_ORPHAN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(orphanVariable); dir != "" {
		parentOfOrphan(dir)
		return
	}
	os.Exit(m.Run())
}

// parentOfOrphan starts a process, prints its id, and waits to be killed.
func parentOfOrphan(dir string) {
	c := &Cluster{dir: dir, starter: newStarter()}
	process, err := c.AddProcess("orphan", exec.Command("sleep", "600"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(process.PID())
	time.Sleep(time.Hour)
}

func TestKilledHarnessLeavesNoOrphans(t *testing.T) {
	program, err := os.Executable()
	must(t, err)
	parent := exec.Command(program)
	parent.Env = append(os.Environ(), orphanVariable+"="+t.TempDir())
	output, err := parent.StdoutPipe()
	must(t, err)
	must(t, parent.Start())
	line := make([]byte, 32)
	count, err := output.Read(line)
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(line[:count])))
	must(t, err)
	if !executes(pid) {
		t.Fatalf("process %d does not run", pid)
	}

	must(t, parent.Process.Kill())
	_ = parent.Wait()

	for deadline := time.Now().Add(readyDeadline); executes(pid); time.Sleep(pollInterval) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlives its parent", pid)
		}
	}
}

// executes does not count a process that has ended and that nobody asked about,
// as happens to orphans when the first process of a container does not care.
func executes(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !bytes.Contains(status, []byte("\nState:\tZ"))
}

func TestResidentMemoryIsThatOfTheRunningProcess(t *testing.T) {
	c := bareCluster(t)
	process, err := c.AddProcess("sleeper", exec.Command("sleep", "600"))
	must(t, err)
	if memory, err := process.ResidentMemory(); err != nil || memory == 0 {
		t.Errorf("a running process holds %d bytes, error %v", memory, err)
	}
	process.Stop()
	if _, err := process.ResidentMemory(); err == nil {
		t.Error("a process that was stopped holds memory")
	}
}
