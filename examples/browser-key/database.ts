/** IndexedDB in three functions: it keeps CryptoKey objects as they are, with nothing of them in the page's reach. */

const store = 'careseal'

/** Opens the page's database, and makes it at the first visit. */
export function openDatabase(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(store)
  return settled(opening)
}

/** What is stored under a key, or `undefined`. */
export function read<T>(database: IDBDatabase, key: string): Promise<T | undefined> {
  return settled(database.transaction(store).objectStore(store).get(key))
}

/** Stores a value unless there is one, and resolves to the one that is stored: another tab may have been first. */
export async function writeOnce<T>(database: IDBDatabase, key: string, value: T): Promise<T> {
  const transaction = database.transaction(store, 'readwrite', { durability: 'strict' })
  const objects = transaction.objectStore(store)
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
  const present = await settled<T | undefined>(objects.get(key))
  if (present === undefined) objects.add(value, key)
  await done
  return present ?? value
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
