import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inclusionRoot, leafHash } from '../src/internal/merkle/index.ts'
import { ed25519, generateKey } from '../src/keys/index.ts'
import {
  type Log,
  openLog,
  parseCheckpoint,
  parseLogPolicy,
  parseTlogProof,
  verifyInclusion,
} from '../src/log/index.ts'
import { directoryStore } from '../src/store/fs/index.ts'
import { memoryStore, type Store } from '../src/store/index.ts'

const entries = 100_000

/** Appending, proving and verifying, side by side with Merkle tree packages in the same run. */
export async function benchLog(): Promise<void> {
  console.log('\n### Log\n\n| | per second | median of one round | best |\n|---|---:|---:|---:|')
  const measure = async (
    name: string,
    rounds: number,
    perRound: number,
    run: (round: number) => unknown,
  ): Promise<void> => {
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const started = process.hrtime.bigint()
      await run(round)
      times.push(Number(process.hrtime.bigint() - started) / 1e6)
    }
    times.sort((a, b) => a - b)
    const median = times[times.length >> 1]!
    const perSecond = Math.round((perRound * 1000) / median).toLocaleString('en')
    console.log(`| ${name} | ${perSecond} | ${median.toFixed(3)} ms | ${times[0]!.toFixed(3)} ms |`)
  }

  const folder = mkdtempSync(join(tmpdir(), 'careseal-bench-'))
  try {
    await measure('one durable write of the disk, for comparison', 100, 1, () =>
      durableWrite(folder),
    )
    await benchAppend('directoryStore', directoryStore(join(folder, 'log')), measure)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const log = await benchAppend('memoryStore', memoryStore(), measure)
  await benchProofs(log, measure)
  await benchPeers(measure)
}

type Measure = (
  name: string,
  rounds: number,
  perRound: number,
  run: (round: number) => unknown,
) => Promise<void>

const commitments = (count: number): Uint8Array[] => {
  const random = new Uint8Array(randomBytes(count * 32))
  return Array.from({ length: count }, (_, i) => random.subarray(i * 32, i * 32 + 32))
}

/** What a file, its name and nothing else cost: content, fsync, rename, fsync of the directory. */
function durableWrite(folder: string): void {
  const file = openSync(join(folder, 'new'), 'w')
  writeSync(file, 'a few bytes')
  fdatasyncSync(file)
  closeSync(file)
  renameSync(join(folder, 'new'), join(folder, 'file'))
  const directory = openSync(folder, 'r')
  fsyncSync(directory)
  closeSync(directory)
}

async function benchAppend(name: string, store: Store, measure: Measure): Promise<Log> {
  const log = await openLog({
    origin: 'bench.example/log',
    signer: await generateKey(ed25519),
    store,
  })
  await log.append(commitments(1))
  await measure(`${name}: append 1, awaited`, 200, 1, () => log.append(commitments(1)))
  await measure(`${name}: append 1, 8 in flight`, 60, 8, () =>
    Promise.all(commitments(8).map((one) => log.append([one]))),
  )
  for (const size of [250, 500, 1000]) {
    const batches = Array.from({ length: 12 }, () => commitments(size))
    await measure(`${name}: append ${size}`, 12, size, (round) => log.append(batches[round]!))
  }
  const rest = commitments(entries - log.size)
  await measure(`${name}: append ${rest.length} to reach ${entries}`, 1, rest.length, () =>
    log.append(rest),
  )
  return log
}

async function benchProofs(log: Log, measure: Measure): Promise<void> {
  const policy = parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`)
  const places = Array.from({ length: 1000 }, () => Math.floor(Math.random() * log.size))
  const samples: { proof: string; commitment: Uint8Array }[] = []
  for (const index of places) {
    const found: Uint8Array[] = []
    for await (const entry of log.read(index, index + 1)) found.push(entry)
    samples.push({ proof: await log.proveInclusion(index), commitment: found[0]! })
  }
  const per = 100
  await measure(`prove inclusion at ${log.size}`, 20, per, async (round) => {
    for (let i = 0; i < per; i++)
      await log.proveInclusion(places[(round * per + i) % places.length]!)
  })
  await measure(`verify inclusion at ${log.size}, signature included`, 10, per, async (round) => {
    for (let i = 0; i < per; i++) {
      const { proof, commitment } = samples[(round * per + i) % samples.length]!
      await verifyInclusion(proof, { commitment, policy })
    }
  })
  const parsed = samples.map(({ proof, commitment }) => {
    const { index, hashes, checkpoint } = parseTlogProof(proof)
    return { index, hashes, size: parseCheckpoint(checkpoint).size, commitment }
  })
  await measure(`verify the path alone at ${log.size}`, 20, per, (round) => {
    for (let i = 0; i < per; i++) {
      const { index, size, hashes, commitment } = parsed[(round * per + i) % parsed.length]!
      inclusionRoot(index, size, leafHash(commitment), hashes)
    }
  })
}

/** A Merkle tree of another package. */
interface Peer {
  readonly name: string
  build(leaves: readonly Uint8Array[]): {
    prove(index: number): unknown
    verify(index: number, proof: unknown): boolean
  }
}

async function benchPeers(measure: Measure): Promise<void> {
  const leaves = commitments(entries)
  for (const [name, load] of Object.entries(peers)) {
    const peer = load()
    let tree: ReturnType<Peer['build']> | undefined
    await measure(`${name}: build ${entries}`, 1, entries, () => {
      tree = peer.build(leaves)
    })
    const per = 50
    const proofs: unknown[] = []
    await measure(`${name}: prove at ${entries}`, 10, per, (round) => {
      for (let i = 0; i < per; i++) proofs.push(tree!.prove((round * per + i) * 199))
    })
    await measure(`${name}: verify at ${entries}`, 10, per, (round) => {
      for (let i = 0; i < per; i++) {
        const place = round * per + i
        if (!tree!.verify(place * 199, proofs[place]))
          throw new Error(`${name} refuses its own proof`)
      }
    })
  }
}

const require = createRequire(import.meta.url)

const peers: Record<string, () => Peer> = {
  merkletreejs: () => {
    const { MerkleTree } = require('merkletreejs') as {
      MerkleTree: new (
        leaves: Buffer[],
        hash: (data: Buffer) => Buffer,
        options: object,
      ) => {
        getProof(leaf: Buffer, index: number): unknown
        getRoot(): Buffer
        verify(proof: unknown, leaf: Buffer, root: Buffer): boolean
      }
    }
    const { createHash } = require('node:crypto') as typeof import('node:crypto')
    const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest()
    return {
      name: 'merkletreejs',
      build: (leaves) => {
        const hashed = leaves.map((leaf) => sha256(Buffer.from(leaf)))
        const tree = new MerkleTree(hashed, sha256, {})
        const root = tree.getRoot()
        return {
          prove: (index) => tree.getProof(hashed[index]!, index),
          verify: (index, proof) => tree.verify(proof, hashed[index]!, root),
        }
      },
    }
  },
  '@openzeppelin/merkle-tree': () => {
    const { SimpleMerkleTree } = require('@openzeppelin/merkle-tree') as {
      SimpleMerkleTree: {
        of(leaves: readonly Uint8Array[]): { root: string; getProof(index: number): string[] }
        verify(root: string, leaf: Uint8Array, proof: unknown): boolean
      }
    }
    return {
      name: '@openzeppelin/merkle-tree',
      build: (leaves) => {
        const tree = SimpleMerkleTree.of(leaves)
        return {
          prove: (index) => tree.getProof(index),
          verify: (index, proof) => SimpleMerkleTree.verify(tree.root, leaves[index]!, proof),
        }
      },
    }
  },
}
