// Opens and changes drawings for all pages, so that there is one copy of each drawing.

const { Drawing, newId } = require('./drawing')
const { Failure } = require('./http')
const { StorageFull } = require('./journal')
const { timers: clock } = require('./timers')

/** The storage key of the drawing that was last worked on. */
const LAST = 'yibi.last'
/** Milliseconds for which a restarted app returns to that drawing. */
const COMES_BACK = 30 * 60_000
/** Milliseconds from the opening of a drawing to its copying to the phone, so that the copying delays nothing. */
const COPY_AFTER = 1_500

class Studio {
  /**
   * @param {object} deps
   * @param {any} deps.wx
   * @param {import('./api').Api} deps.api
   * @param {import('./journal').Journal} deps.journal
   * @param {import('./saver').Saver} deps.saver
   * @param {() => number} [deps.now] ms since 1970
   * @param {import('./timers').Timers} [deps.timers]
   */
  constructor({ wx, api, journal, saver, now = Date.now, timers = clock }) {
    this.wx = wx
    this.api = api
    this.journal = journal
    this.saver = saver
    this.now = now
    this.timers = timers
    /** Drawings whose last actions are in memory only: wx storage was full. @type {Set<string>} */
    this.memoryOnly = new Set()
    /** Summaries from the list, to be shown and drawn on while the drawing is opened. @type {Map<string, import('./api').Summary>} */
    this.summaries = new Map()
    /** Drawings that were deleted here since the app's start. @type {Set<string>} */
    this.removed = new Set()
    /** Drawings in which other people draw now: what the phone knows of them may be old. @type {Set<string>} */
    this.handed = new Set()
    /** Timers of planned copies, by drawing. @type {Map<string, any>} */
    this.copying = new Map()
  }

  /**
   * An empty paper; neither the phone nor the server keeps it until it is drawn on.
   * @param {'free' | 'one_stroke'} mode
   * @param {{ width: number, height: number }} [size] grid units
   */
  blank(mode, size) {
    return new Drawing({ id: newId(), mode, began: this.now(), ...(size ? { width: size.width, height: size.height } : {}) })
  }

  /** The drawing that a restarted app returns to. @returns {Drawing | null} */
  last() {
    const id = this.wx.getStorageSync(LAST)
    const entry = id && this.journal.entry(id)
    if (!entry || !entry.whole || this.now() - entry.updated > COMES_BACK) return null
    return this.saver.held(id) || this.taken(this.journal.load(id))
  }

  /**
   * Hands pending actions to the saver, which from now on holds this copy and no other.
   * @template {Drawing | null} T @param {T} drawing @returns {T}
   */
  taken(drawing) {
    if (drawing && drawing.pendingCount > 0) this.saver.touch(drawing)
    return drawing
  }

  /** @param {string} id the drawing that the user works on; empty for none */
  remember(id) {
    try {
      this.wx.setStorageSync(LAST, id)
    } catch {
      // The next start then shows an empty paper.
    }
  }

  /**
   * A drawing whose actions are not loaded yet: new actions go behind the number that the list named.
   * @param {string} id
   * @returns {Drawing | null} null where the phone has it, or may not draw on it, or has no summary of it
   */
  ahead(id) {
    const summary = this.summaries.get(id)
    if (!summary || summary.mode !== 'free' || this.saver.held(id) || this.journal.entry(id)) return null
    const began = Date.parse(summary.created_at) || this.now()
    return new Drawing({ ...summary, began }, { first: summary.seq, acked: summary.seq, whole: false })
  }

  /**
   * Loads the actions before the first one that is here.
   * @param {Drawing} drawing
   * @returns {Promise<void>} rejects with a Failure
   */
  async fill(drawing) {
    const { seq, actions, title } = await this.api.drawing(drawing.id)
    if (drawing.whole) return
    drawing.fill(seq - actions.length, actions)
    drawing.title = title
    this.keepLater(drawing)
  }

  /**
   * @param {string} id
   * @returns {Promise<Drawing>} at once where the phone holds it; rejects with a Failure
   */
  async open(id) {
    // Where the phone holds only the end, the server's actions go below it.
    const here = this.saver.held(id) || this.journal.load(id)
    if (here && (here.whole || here.pendingCount > 0)) {
      if (!here.whole) await this.fill(here)
      return this.taken(here)
    }
    const drawing = Drawing.from(await this.api.drawing(id))
    this.keepLater(drawing)
    return drawing
  }

  /** Copies a drawing to the phone, unless it is drawn on or given up before. @param {Drawing} drawing */
  keepLater(drawing) {
    const { id } = drawing
    this.timers.clear(this.copying.get(id))
    this.copying.set(id, this.timers.set(() => {
      this.copying.delete(id)
      if (drawing.pendingCount === 0 && !this.journal.entry(id)) this.journal.copy(drawing)
    }, COPY_AFTER))
  }

  /**
   * Adds an action to the drawing, to the journal, and soon to the server's copy.
   * @param {Drawing} drawing
   * @param {import('./drawing').Action} action
   */
  add(drawing, action) {
    if (drawing.seq === 0) this.remember(drawing.id)
    drawing.push(action)
    try {
      this.journal.append(drawing, [action])
      this.memoryOnly.delete(drawing.id)
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error
      this.memoryOnly.add(drawing.id)
    }
    this.saver.touch(drawing)
  }

  /** Whether actions of a drawing are neither on the server nor in the phone's storage. @param {string} id */
  isUnwritten(id) {
    const held = this.saver.held(id)
    return this.memoryOnly.has(id) && Boolean(held && held.pendingCount > 0)
  }

  /**
   * Gives a drawing a title. One that the server does not have yet brings its title with the first save.
   * @param {{ id: string, title: string, acked: number }} drawing a Drawing, or what is known of it
   * @param {string} title
   * @returns {Promise<void>} rejects with a Failure; then the title is as before
   */
  async rename(drawing, title) {
    if (title === drawing.title) return
    if (drawing.acked > 0) {
      await this.api.rename(drawing.id, title).catch((error) => {
        const isText = error instanceof Failure && error.kind === 'refused'
        throw isText ? new Failure('refused', { code: 'text_refused', requestId: error.requestId }) : error
      })
    }
    drawing.title = title
    if (drawing instanceof Drawing && this.journal.entry(drawing.id)) this.journal.acked(drawing)
    const summary = this.summaries.get(drawing.id)
    if (summary) this.summaries.set(drawing.id, { ...summary, title })
  }

  /** Drawings with actions that the server does not have, those in memory only included; the latest first. */
  drafts() {
    const unwritten = [...this.memoryOnly].filter((id) => this.isUnwritten(id)).map((id) => /** @type {Drawing} */ (this.saver.held(id)))
    const written = this.journal.drafts().filter(({ id }) => !unwritten.some((drawing) => drawing.id === id))
    return [...unwritten, ...written].filter(({ id, seq }) => seq > 0 && !this.removed.has(id))
  }

  /**
   * Saves a drawing that its page leaves. One whose strokes were all undone goes to the bin: it would be a blank
   * card in the gallery. One in which others draw stays: it is blank only as far as this page knows.
   * @param {Drawing} drawing
   */
  async close(drawing) {
    if (drawing.seq === 0) return
    const blank = drawing.whole && !this.handed.has(drawing.id) && !drawing.history.done.some(({ type }) => type !== 'background')
    if (!blank) {
      await this.saver.flush(drawing)
      return
    }
    this.remember('')
    await this.remove(drawing.id).catch((error) => {
      if (!(error instanceof Failure)) throw error
    })
  }

  /**
   * Saves pending actions, so that the server's picture is the one on the screen.
   * @param {Drawing} drawing
   * @returns {Promise<boolean>} whether the server has all of it
   */
  async saved(drawing) {
    if (drawing.pendingCount === 0) return drawing.seq > 0
    return (await this.saver.flush(drawing)).state === 'saved'
  }

  /**
   * The same drawing under a new id, for one that the server will not take back.
   * @param {Drawing} drawing
   */
  copy(drawing) {
    const copy = this.duplicate(drawing)
    this.discard(drawing.id)
    this.remember(copy.id)
    return copy
  }

  /**
   * A second drawing with the same actions.
   * @param {Drawing} drawing which is whole
   */
  duplicate(drawing) {
    const copy = new Drawing({ ...drawing, id: newId() }, { actions: [...drawing.actions] })
    try {
      this.journal.rewrite(copy)
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error
      this.memoryOnly.add(copy.id)
    }
    this.saver.touch(copy)
    return copy
  }

  /** Leaves a drawing to the page of its room. @param {string} id */
  handOver(id) {
    this.handed.add(id)
    this.discard(id)
  }

  /** Removes a drawing from the phone. @param {string} id */
  discard(id) {
    this.memoryOnly.delete(id)
    this.timers.clear(this.copying.get(id))
    this.copying.delete(id)
    this.saver.drop(id)
    this.journal.remove(id)
  }

  /**
   * Deletes a drawing. Pending actions are saved first, so that an undo of the deletion restores all of it.
   * @param {string} id
   * @returns {Promise<() => Promise<void>>} restores it
   */
  async remove(id) {
    this.removed.add(id)
    try {
      const restore = await this.removeNow(id)
      return async () => {
        await restore()
        this.removed.delete(id)
      }
    } catch (error) {
      this.removed.delete(id)
      throw error
    }
  }

  /** @param {string} id @returns {Promise<() => Promise<void>>} */
  async removeNow(id) {
    const local = this.saver.held(id) || this.journal.load(id)
    if (local && local.pendingCount > 0) await this.saver.flush(local)
    const neverSaved = local && local.acked === 0
    this.discard(id)
    if (neverSaved) {
      return async () => {
        this.journal.rewrite(local)
        this.saver.touch(local)
      }
    }
    try {
      await this.api.remove(id)
    } catch (error) {
      if (local) this.journal.rewrite(local)
      if (!(error instanceof Failure && error.kind === 'missing')) throw error
    }
    return () => this.api.restore(id)
  }
}

module.exports = { Studio }
