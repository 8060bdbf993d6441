import { readFileSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { codeOf } from './files.ts'

/** Who holds a lock. */
export interface Owner {
  /** Different for every store object that ever was. */
  readonly token: string
  readonly pid: number
  /** Name of the machine or container. */
  readonly host: string
  /** The run of the operating system: its boot id on Linux, elsewhere when it started. */
  readonly boot: string
  /** When the process started, in a form that only this host compares. */
  readonly start: string
}

/** What a store asks of the machine it runs on. */
export interface Host {
  readonly self: Omit<Owner, 'token'>
  /**
   * Whether the process is certainly gone. `local`: the directory is on a file system that one running system
   * at a time has mounted, so whatever ran under another boot id is gone.
   */
  isDead(owner: Owner, local: boolean): boolean
  /** Waits for some milliseconds. */
  wait(milliseconds: number): Promise<void>
}

/** Seconds by which the computed start of one process may differ. */
const tolerance = 5

/** The machine this runs on. */
export function nodeHost(): Host {
  const self = {
    pid: process.pid,
    host: hostname(),
    boot: bootOf(),
    start: startOf(process.pid) ?? 'unknown',
  }
  return {
    self,
    isDead: (owner, local) => {
      if (!sameBoot(owner.boot, self.boot))
        return local && isBootId(owner.boot) && isBootId(self.boot)
      return owner.host === self.host && !isRunning(owner)
    },
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  }
}

function isRunning(owner: Owner): boolean {
  const start = startOf(owner.pid)
  // A start that differs: the number was given to another process meanwhile.
  return start !== null && sameStart(owner.start, start)
}

/** When a process started, `unknown` where the platform does not tell; `null` if there is no such process. */
function startOf(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      // The second field is a name that may hold anything; the state is the third, the start the 22nd.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      // A zombie has ended and only waits for its parent to notice.
      return fields[0] === 'Z' || fields[0] === 'X' ? null : `ticks:${fields[19]}`
    } catch {
      return answers(pid) ? 'unknown' : null
    }
  }
  if (pid === process.pid) return `time:${Math.round(Date.now() / 1000 - process.uptime())}`
  return answers(pid) ? 'unknown' : null
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return codeOf(error) !== 'ESRCH'
  }
}

function sameStart(a: string, b: string): boolean {
  return a === b || a === 'unknown' || b === 'unknown' || near(a, b, tolerance)
}

function bootOf(): string {
  try {
    return `${hasOwnBootId() ? 'container' : 'id'}:${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
  } catch {
    return `time:${Math.round(Date.now() / 1000 - uptime())}`
  }
}

/** Containers of some kinds are shown a boot id of their own: that another one differs then proves nothing. */
function hasOwnBootId(): boolean {
  try {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    return mounts.includes(' /proc/sys/kernel/random/boot_id ')
  } catch {
    return false
  }
}

function isBootId(boot: string): boolean {
  return boot.startsWith('id:')
}

/** A start of the system that is told as a time wanders a little with the clock. */
function sameBoot(a: string, b: string): boolean {
  return a === b || near(a, b, 60)
}

function near(a: string, b: string, seconds: number): boolean {
  return (
    a.startsWith('time:') &&
    b.startsWith('time:') &&
    Math.abs(Number(a.slice(5)) - Number(b.slice(5))) <= seconds
  )
}
