import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { PoolOptions, PoolRunnerInitializer, PoolWorker } from 'vitest/node'

type Message = Parameters<PoolWorker['send']>[0]
type Listener = Parameters<PoolWorker['on']>[1]

/** After so many runs a fresh thread, so that nothing a mutant left behind lives on. */
const runsOfOneThread = 100

let thread: Worker | undefined
let runs = 0
let ours: readonly string[] = []

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))

/**
 * A worker thread that stays from one run of vitest to the next. vitest would start one for each mutant and load the
 * dependencies again, which takes longer than the tests. Modules of src and test are loaded afresh each time.
 */
class KeptWorker implements PoolWorker {
  readonly name = 'kept'
  readonly #options: PoolOptions
  readonly #listeners: [event: string, listener: Listener][] = []
  #fresh = false
  #config: unknown

  constructor(options: PoolOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    if (thread !== undefined && ++runs > runsOfOneThread) {
      await thread.terminate()
      thread = undefined
    }
    if (thread !== undefined) return
    const { distPath, env, execArgv, project } = this.#options
    ours = ['src', 'test'].flatMap((folder) => filesBelow(join(project.config.root, folder)))
    thread = new Worker(join(distPath, 'workers/threads.js'), { env, execArgv })
    thread.setMaxListeners(0)
    this.#fresh = true
    runs = 1
  }

  send(message: Message): void {
    if (message.type === 'start') this.#config = message.context.config
    if (message.type === 'start' && !this.#fresh) this.#answer('started')
    else if (message.type === 'stop') this.#answer('stopped')
    else if (message.type === 'run') {
      const context = { ...message.context, config: this.#config, invalidates: ours }
      thread?.postMessage({ ...message, context })
    } else thread?.postMessage(message)
  }

  on(event: string, listener: Listener): void {
    this.#listeners.push([event, listener])
    thread?.on(event, listener)
  }

  off(event: string, listener: Listener): void {
    thread?.off(event, listener)
  }

  deserialize(data: unknown): unknown {
    return data
  }

  async stop(): Promise<void> {
    for (const [event, listener] of this.#listeners) thread?.off(event, listener)
    thread?.unref()
  }

  #answer(type: 'started' | 'stopped'): void {
    const response = { type, __vitest_worker_response__: true }
    setImmediate(() => {
      for (const [event, listener] of this.#listeners) if (event === 'message') listener(response)
    })
  }
}

export const keptWorker: PoolRunnerInitializer = {
  name: 'kept',
  createPoolWorker: (options) => new KeptWorker(options),
}
