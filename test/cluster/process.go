package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// stopGrace is how long a process may take to end after SIGTERM.
	stopGrace = 5 * time.Second
	// tailLines is how much of a log goes into an error.
	tailLines = 20
)

// Process is a supervised program that can be stopped and started again. Its
// output goes to a log file, to which each start appends.
type Process struct {
	name    string
	log     string
	command func() *exec.Cmd
	starter *starter

	mu      sync.Mutex
	current *execution
}

// execution is one life of a Process.
type execution struct {
	command *exec.Cmd
	// done is closed after err was set.
	done chan struct{}
	err  error
	// asked is set when the process was asked to end.
	asked bool
}

func (e *execution) running() bool {
	select {
	case <-e.done:
		return false
	default:
		return true
	}
}

// Name returns the name that the process was added by.
func (p *Process) Name() string { return p.name }

// LogPath returns the path of the file that holds the process's output.
func (p *Process) LogPath() string { return p.log }

// Start starts the process, for the first time or again after it ended.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil && p.current.running() {
		return fmt.Errorf("%s is running already; stop it first", p.name)
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.name, err)
	}
	// The child has a copy of its own of the open file.
	defer log.Close()

	command := p.command()
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = attributes()
	if err := p.starter.run(command.Start); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.current = &execution{command: command, done: make(chan struct{})}
	go p.current.wait()
	return nil
}

func (e *execution) wait() {
	e.err = e.command.Wait()
	close(e.done)
}

// Stop asks the process to end, insists after a few seconds, and returns when
// it is gone. Stopping a process that is not running does nothing.
func (p *Process) Stop() {
	p.end(syscall.SIGTERM, stopGrace)
}

// Terminate asks the process to end, and leaves it the time that it takes.
func (p *Process) Terminate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if life := p.current; life != nil && life.running() {
		life.asked = true
		_ = signalGroup(life.command.Process, syscall.SIGTERM)
	}
}

// ExitCode returns what the process ended with: -1 where a signal ended it, and
// while it runs.
func (p *Process) ExitCode() int {
	if life := p.life(); life != nil && !life.running() {
		return life.command.ProcessState.ExitCode()
	}
	return -1
}

// Kill ends the process at once, as a crash would.
func (p *Process) Kill() {
	p.end(syscall.SIGKILL, stopGrace)
}

func (p *Process) end(signal syscall.Signal, grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	life := p.current
	if life == nil || !life.running() {
		return
	}
	life.asked = true
	// An error means that the process has just ended by itself.
	_ = signalGroup(life.command.Process, signal)
	select {
	case <-life.done:
		return
	case <-time.After(grace):
	}
	_ = signalGroup(life.command.Process, syscall.SIGKILL)
	<-life.done
}

// PID returns the process's id, or 0 when it is not running.
func (p *Process) PID() int {
	life := p.life()
	if life == nil || !life.running() {
		return 0
	}
	return life.command.Process.Pid
}

// ResidentMemory returns how many bytes of memory the process holds. It works
// on Linux only.
func (p *Process) ResidentMemory() (int64, error) {
	pid := p.PID()
	if pid == 0 {
		return 0, fmt.Errorf("%s is not running", p.name)
	}
	return residentMemory(pid)
}

// Exited returns a channel that is closed when the present life of the process
// ends.
func (p *Process) Exited() <-chan struct{} {
	if life := p.life(); life != nil {
		return life.done
	}
	closed := make(chan struct{})
	close(closed)
	return closed
}

// Err returns how the process ended, with the end of its log, when it ended
// without being asked to; otherwise nil.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	life := p.current
	if life == nil || life.running() || life.asked {
		return nil
	}
	return p.failure("ended by itself: " + life.command.ProcessState.String())
}

func (p *Process) life() *execution {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// failure describes what went wrong together with the log's last lines, which
// nearly always say why.
func (p *Process) failure(what string) error {
	tail, err := logTail(p.log)
	if err != nil {
		return fmt.Errorf("%s %s; its log cannot be read: %w", p.name, what, err)
	}
	return fmt.Errorf("%s %s; the end of its log %s:\n%s", p.name, what, p.log, tail)
}

// logTail reads only the end of a log, because logs can be long.
func logTail(path string) (string, error) {
	const enough = 32 << 10
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if _, err := file.Seek(max(0, info.Size()-enough), io.SeekStart); err != nil {
		return "", err
	}
	content, err := io.ReadAll(file)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return lastLines(string(content), tailLines), nil
}
