import {
  close,
  fdatasync,
  fstat,
  fsync,
  link,
  mkdir,
  open,
  read,
  readdir,
  rename,
  rmdir,
  statfs,
  unlink,
  write,
} from 'node:fs'
import { promisify } from 'node:util'
import { codeOf, type FileReader, type Files, type FileWriter } from './files.ts'

// The callback functions cost half of what fs.promises does, and a commit is made of a dozen small calls.
const openFile = /* @__PURE__ */ promisify(open)
const closeFile = /* @__PURE__ */ promisify(close)
const readFile = /* @__PURE__ */ promisify(read)
const writeFile = /* @__PURE__ */ promisify(write)
const status = /* @__PURE__ */ promisify(fstat)

/**
 * File systems that one running system at a time has mounted (statfs magic of Linux): ext, xfs, btrfs, f2fs, zfs,
 * bcachefs, tmpfs, overlayfs. Not on the list: everything that a network or a hypervisor shares.
 */
const localFileSystems: readonly number[] = [
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0xca451a4e, 0x01021994, 0x794c7630,
]

/** Files of the operating system. */
export const nodeFiles: Files = {
  async read(path) {
    const file = await this.open(path)
    try {
      return await file.read(0, file.size)
    } finally {
      await file.close()
    }
  },
  async open(path): Promise<FileReader> {
    const file = await openFile(path, 'r')
    try {
      const found = await status(file)
      if (found.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' })
      return {
        size: found.size,
        read: async (offset, length) => {
          const bytes = new Uint8Array(length)
          let done = 0
          while (done < length) {
            const { bytesRead } = await readFile(file, bytes, done, length - done, offset + done)
            if (bytesRead === 0) return bytes.slice(0, done)
            done += bytesRead
          }
          return bytes
        },
        close: () => closeFile(file),
      }
    } catch (error) {
      await closeFile(file)
      throw error
    }
  },
  async create(path): Promise<FileWriter> {
    const file = await openFile(path, 'wx')
    return {
      write: async (bytes) => {
        let done = 0
        while (done < bytes.length) {
          done += (await writeFile(file, bytes, done, bytes.length - done)).bytesWritten
        }
      },
      sync: () => promisify(fdatasync)(file),
      close: () => closeFile(file),
    }
  },
  rename: (from, to) => promisify(rename)(from, to),
  link: (from, to) => promisify(link)(from, to),
  unlink: (path) => promisify(unlink)(path),
  mkdir: (path) => promisify(mkdir)(path),
  rmdir: (path) => promisify(rmdir)(path),
  async list(path) {
    const entries = await promisify(readdir)(path, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => ({ name: entry.name, directory: entry.isDirectory() }))
  },
  async syncDirectory(path) {
    // Windows opens no directories; NTFS writes its journal in order, so a name is as durable as it gets.
    if (process.platform === 'win32') return path
    const directory = await openFile(path, 'r')
    try {
      await promisify(fsync)(directory)
      const { dev, ino, birthtimeNs } = await promisify(fstat)(directory, { bigint: true })
      return `${dev}:${ino}:${birthtimeNs}`
    } catch (error) {
      // Some network file systems do not know how; they write through.
      if (codeOf(error) !== 'EINVAL') throw error
      return path
    } finally {
      await closeFile(directory)
    }
  },
  async isLocal(path) {
    if (process.platform !== 'linux') return false
    const { type } = await promisify(statfs)(path)
    return localFileSystems.includes(type)
  },
}
