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

// executes does not count a zombie: orphans stay zombies if the first process
// of a container does not wait for them.
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

func TestHeldProcessUsesNoProcessorTime(t *testing.T) {
	c := bareCluster(t)
	process, err := c.AddProcess("busy", busy())
	must(t, err)
	release, err := process.Hold()
	must(t, err)
	if !standsStill(t, process.PID()) {
		t.Error("it does not stand still once it is held")
	}
	before := processorTime(t, process.PID())
	time.Sleep(50 * time.Millisecond)
	if after := processorTime(t, process.PID()); after != before {
		t.Errorf("it used the processor for %s while it was held", after-before)
	}
	must(t, release())
	if standsStill(t, process.PID()) {
		t.Error("it stands still after it was released")
	}
	process.Stop()
	if _, err := process.Hold(); err == nil {
		t.Error("a process that was stopped is held")
	}
}

// TestThrottledProcessGetsPartOfTheProcessor runs one beside another that is not throttled, on a machine as busy as it is.
func TestThrottledProcessGetsPartOfTheProcessor(t *testing.T) {
	c := bareCluster(t)
	free, err := c.AddProcess("free", busy())
	must(t, err)
	throttled, err := c.AddProcess("throttled", busy())
	must(t, err)
	release := throttled.Throttle(10*time.Millisecond, 100*time.Millisecond)
	for deadline := time.Now().Add(readyDeadline); processorTime(t, free.PID()) < time.Second; time.Sleep(pollInterval) {
		if time.Now().After(deadline) {
			t.Fatal("the machine has no second of processor time left")
		}
	}
	of, has := processorTime(t, free.PID()), processorTime(t, throttled.PID())
	if has == 0 || has > of/2 {
		t.Errorf("it had %s of the processor beside %s of one that is not throttled", has, of)
	}
	must(t, release())
	if standsStill(t, throttled.PID()) {
		t.Error("it stands still after it was released")
	}
}

// busy never waits for anything.
func busy() *exec.Cmd { return exec.Command("sh", "-c", "while :; do :; done") }

// standsStill reports whether signals keep a process from going on.
func standsStill(t *testing.T, pid int) bool {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	return bytes.Contains(status, []byte("\nState:\tT"))
}

// processorTime is what the first thread of a process has had.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	statistics, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	must(t, err)
	first, _, _ := strings.Cut(string(statistics), " ")
	nanoseconds, err := strconv.ParseInt(first, 10, 64)
	must(t, err)
	return time.Duration(nanoseconds)
}
