// Temporary files: blobs under addresses.

export class Files {
  constructor() {
    this.blobs = new Map()
  }

  /** @param {Blob} blob @returns {string} its path */
  keep(blob) {
    const path = URL.createObjectURL(blob)
    this.blobs.set(path, blob)
    return path
  }

  /** @param {string} path @returns {Promise<Blob>} */
  async read(path) {
    return this.blobs.get(path) ?? (await fetch(path)).blob()
  }
}
