// The local journal: every action is written to wx storage before it goes to the network.
//
// A drawing has an entry (`yibi.d.<id>`) and parts (`yibi.c.<id>.<n>`), arrays of actions that the entry
// lists in order. Only the last part grows, and a part is small, so writing a stroke costs the same in a long
// drawing as in a short one. The app may be killed between any two writes: an entry may list a part that is not
// written yet (read as empty), and a part that no entry lists is removed at the next start.

const { Drawing } = require('./drawing')

const INDEX = 'yibi.journal'
/** @param {string} id */
const entryKey = (id) => `yibi.d.${id}`
/** @param {string} id @param {number} part */
const partKey = (id, part) => `yibi.c.${id}.${part}`

/** Numbers in a part's strokes until the next part begins; about 12 kB of storage. */
const PART_NUMBERS = 4_000
/** Most numbers in the strokes of a drawing that is kept as a copy for reading without a network; about 1 MB. */
const COPY_NUMBERS = 300_000
/** Most copies of drawings that the server has. */
const COPIES = 20

/** wx storage is full, and it holds no copy that could be given up. */
class StorageFull extends Error {}

/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} title
 * @property {number} width
 * @property {number} height
 * @property {'free' | 'one_stroke'} mode
 * @property {number} began ms since 1970
 * @property {number} updated ms since 1970
 * @property {number} first the number of the first action of the first part
 * @property {number} acked up to which number the server has them
 * @property {number[]} parts
 * @property {number} next the number of the part that will be made next
 * @property {boolean} whole false where the server has actions before the first one here
 * @property {boolean} saved nothing is pending; set to false before anything is appended
 *
 * @typedef {object} Tail
 * @property {number} [part] its number; none where the entry has no part
 * @property {import('./drawing').Action[]} actions
 * @property {number} numbers in its strokes
 * @property {number} end the number behind its last action
 */

/** @param {import('./drawing').Action[]} actions */
function numbersIn(actions) {
  let numbers = 0
  for (const action of actions) {
    numbers += 8
    if (action.type === 'stroke') numbers += action.points.length
    else if (action.type === 'weapp') for (const stroke of action.strokes) numbers += stroke.points.length
  }
  return numbers
}

/**
 * @param {import('./drawing').Action[]} actions
 * @returns {import('./drawing').Action[][]}
 */
function split(actions) {
  /** @type {import('./drawing').Action[][]} */
  const parts = []
  let room = 0
  for (const action of actions) {
    if (room <= 0) {
      parts.push([])
      room = PART_NUMBERS
    }
    parts[parts.length - 1].push(action)
    room -= numbersIn([action])
  }
  return parts
}

class Journal {
  /**
   * @param {object} deps
   * @param {any} deps.wx
   * @param {() => number} [deps.now] ms since 1970
   */
  constructor({ wx, now = Date.now }) {
    this.wx = wx
    this.now = now
    /** @type {string[]} */
    this.ids = wx.getStorageSync(INDEX) || []
    /**
     * The content of each drawing's last part, so that an append need not read it.
     * @type {Map<string, Tail>}
     */
    this.tails = new Map()
    /** Drawings whose rewriting failed for want of space: the journal holds an outdated list of them. */
    this.outdated = new Set()
    this.sweep()
  }

  /** @param {string} id @returns {Entry | null} */
  entry(id) {
    return this.wx.getStorageSync(entryKey(id)) || null
  }

  /** @param {Entry} entry @param {number} part @returns {import('./drawing').Action[]} */
  read(entry, part) {
    return this.wx.getStorageSync(partKey(entry.id, part)) || []
  }

  /** @param {string} id @returns {Drawing | null} the drawing as far as the phone has it, which may be only its end */
  load(id) {
    const entry = this.entry(id)
    if (!entry) return null
    const actions = entry.parts.flatMap((part) => this.read(entry, part))
    const acked = Math.min(Math.max(entry.acked, entry.first), entry.first + actions.length)
    return new Drawing(entry, { first: entry.first, actions, acked, whole: entry.whole })
  }

  /** Drawings with actions that the server does not have, the latest first. */
  drafts() {
    return this.entries(({ saved }) => !saved)
      .sort((a, b) => b.updated - a.updated)
      .map(({ id }) => /** @type {Drawing} */ (this.load(id)))
      .filter(({ pendingCount }) => pendingCount > 0)
  }

  /** @param {(entry: Entry) => boolean} wanted @returns {Entry[]} */
  entries(wanted) {
    return this.ids
      .map((id) => this.entry(id))
      .filter((entry) => entry !== null)
      .map((entry) => /** @type {Entry} */ (entry))
      .filter(wanted)
  }

  /** @param {string} id @returns {number} ms since 1970 */
  updated(id) {
    const entry = this.entry(id)
    return entry ? entry.updated : 0
  }

  /**
   * Writes actions behind those of a drawing. Makes its entry where there is none.
   * @param {Drawing} drawing which holds the actions already, at its end
   * @param {import('./drawing').Action[]} actions
   * @throws {StorageFull} then nothing was written
   */
  append(drawing, actions) {
    const { id } = drawing
    let entry = this.entry(id)
    const tail = entry && this.tail(entry)
    if (!entry || !tail || tail.end < drawing.first || this.outdated.has(id)) {
      this.rewrite(drawing, Math.min(drawing.acked, drawing.seq - actions.length))
      return
    }
    // Writes as well what an earlier append could not write for want of space.
    const before = tail.end
    const missing = drawing.actions.slice(before - drawing.first)
    let { part } = tail
    let held = tail
    if (part === undefined || tail.numbers >= PART_NUMBERS) {
      part = entry.next
      held = { part, actions: [], numbers: 0, end: before }
      entry = { ...entry, parts: [...entry.parts, part], next: part + 1, saved: false, updated: this.now() }
      this.write(entryKey(id), entry)
      this.tails.set(id, held)
    } else if (entry.saved) {
      this.write(entryKey(id), { ...entry, saved: false, updated: this.now() })
    }
    const grown = [...held.actions, ...missing]
    this.write(partKey(id, part), grown)
    this.tails.set(id, { part, actions: grown, numbers: held.numbers + numbersIn(missing), end: drawing.seq })
  }

  /** @param {Entry} entry @returns {Tail} */
  tail(entry) {
    const part = entry.parts[entry.parts.length - 1]
    const known = this.tails.get(entry.id)
    if (known && known.part === part) return known
    const parts = entry.parts.map((number) => this.read(entry, number))
    const actions = parts[parts.length - 1] || []
    const end = parts.reduce((sum, { length }) => sum + length, entry.first)
    const tail = { part, actions, numbers: numbersIn(actions), end }
    this.tails.set(entry.id, tail)
    return tail
  }

  /**
   * Replaces the journal's list of a drawing.
   * @param {Drawing} drawing
   * @param {number} [start] from which of its actions on; all by default
   * @throws {StorageFull} then the list is as before
   */
  rewrite(drawing, start = drawing.first) {
    const { id, title, width, height, mode, began, acked } = drawing
    const old = this.entry(id)
    let next = old ? old.next : 0
    this.outdated.add(id)
    const parts = []
    for (const actions of split(drawing.actions.slice(start - drawing.first))) {
      this.write(partKey(id, next), actions)
      parts.push(next)
      next += 1
    }
    const saved = drawing.pendingCount === 0
    const whole = drawing.whole && start === drawing.first
    this.write(entryKey(id), { id, title, width, height, mode, began, updated: this.now(), first: start, acked, parts, next, whole, saved })
    this.tails.delete(id)
    this.outdated.delete(id)
    if (!this.ids.includes(id)) {
      this.ids = [id, ...this.ids]
      this.write(INDEX, this.ids)
    }
    if (old) for (const part of old.parts) this.wx.removeStorageSync(partKey(id, part))
  }

  /**
   * Notes up to which number the server has a drawing, and its title. Removes an entry that held only actions
   * which were pending.
   * @param {Drawing} drawing
   */
  acked(drawing) {
    const entry = this.entry(drawing.id)
    if (!entry) return
    const outdated = this.outdated.has(drawing.id)
    if (drawing.pendingCount === 0 && (!entry.whole || outdated)) {
      this.remove(drawing.id)
      return
    }
    if (outdated) return
    try {
      this.write(entryKey(drawing.id), { ...entry, acked: drawing.acked, title: drawing.title, saved: drawing.pendingCount === 0 })
      this.trim()
    } catch (error) {
      // Without the note the same actions are sent once more; the server recognises them.
      if (!(error instanceof StorageFull)) throw error
    }
  }

  /**
   * Keeps a copy of a saved drawing, so that it opens without a network; large drawings are not kept.
   * @param {Drawing} drawing as the server gave it, nothing pending
   */
  copy(drawing) {
    if (numbersIn(drawing.actions) > COPY_NUMBERS) return
    try {
      this.rewrite(drawing)
      this.trim()
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error
    }
  }

  /** @param {string} id */
  remove(id) {
    const entry = this.entry(id)
    this.wx.removeStorageSync(entryKey(id))
    if (entry) for (const part of entry.parts) this.wx.removeStorageSync(partKey(id, part))
    this.tails.delete(id)
    this.outdated.delete(id)
    if (!this.ids.includes(id)) return
    this.ids = this.ids.filter((other) => other !== id)
    this.wx.setStorageSync(INDEX, this.ids)
  }

  /** Removes all drawings from the phone. */
  clear() {
    for (const id of [...this.ids]) this.remove(id)
  }

  /** Drawings without pending actions, the one changed longest ago first. */
  copies() {
    return this.entries(({ saved }) => saved).sort((a, b) => a.updated - b.updated)
  }

  trim() {
    const copies = this.ids.length > COPIES ? this.copies() : []
    for (const { id } of copies.slice(0, Math.max(0, copies.length - COPIES))) this.remove(id)
  }

  /**
   * Writes one value; gives up copies, the oldest first, while the storage is full.
   * @param {string} key @param {unknown} value
   */
  write(key, value) {
    for (;;) {
      try {
        this.wx.setStorageSync(key, value)
        return
      } catch (error) {
        const spare = this.copies().find(({ id }) => key !== entryKey(id) && !key.startsWith(`yibi.c.${id}.`))
        if (!spare) throw new StorageFull(String(error && /** @type {any} */ (error).errMsg))
        this.remove(spare.id)
      }
    }
  }

  /** Repairs the journal after the app was killed between two writes. */
  sweep() {
    /** @type {string[]} */
    const keys = this.wx.getStorageInfoSync().keys
    const found = keys.filter((key) => key.startsWith('yibi.d.')).map((key) => key.slice('yibi.d.'.length))
    const lost = found.filter((id) => !this.ids.includes(id))
    if (lost.length) {
      this.ids = [...this.ids, ...lost]
      this.wx.setStorageSync(INDEX, this.ids)
    }
    const listed = new Set(this.ids.flatMap((id) => {
      const entry = this.entry(id)
      return entry ? entry.parts.map((part) => partKey(id, part)) : []
    }))
    for (const key of keys) if (key.startsWith('yibi.c.') && !listed.has(key)) this.wx.removeStorageSync(key)
  }
}

module.exports = { Journal, StorageFull, PART_NUMBERS, COPIES }
