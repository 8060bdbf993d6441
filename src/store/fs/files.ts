/**
 * The operations on files that the directory store is made of, so that a test can put a recording file system
 * in their place. Every wait for the disk says why it is needed; nothing else makes anything durable.
 */
export interface Files {
  /** The whole file. */
  read(path: string): Promise<Uint8Array>
  /** Opens a file for reading parts of it. */
  open(path: string): Promise<FileReader>
  /** Creates a file that must not exist yet. */
  create(path: string): Promise<FileWriter>
  /** Moves a file, in one step, over whatever file is there. */
  rename(from: string, to: string): Promise<void>
  /** Gives a file a second name that must not exist yet. */
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  mkdir(path: string): Promise<void>
  /** Removes a directory that is empty. */
  rmdir(path: string): Promise<void>
  list(path: string): Promise<{ readonly name: string; readonly directory: boolean }[]>
  /** Waits until the names in a directory are durable; resolves to what tells this directory from a later one. */
  syncDirectory(path: string, why: 'entry' | 'parent' | 'root'): Promise<string>
  /** Whether only one running system at a time can have this directory mounted. */
  isLocal(path: string): Promise<boolean>
}

/** A file that is being written. */
export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>
  /** Waits until the content is durable. */
  sync(why: 'content'): Promise<void>
  close(): Promise<void>
}

/** A file that is being read. */
export interface FileReader {
  readonly size: number
  /** At most `length` bytes from `offset` on. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** The code of a failed system call, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** Whether a file or one of the folders above it is not there. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))
}
