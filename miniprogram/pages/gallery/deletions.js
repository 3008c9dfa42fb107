/** Milliseconds after the last deletion in which 撤销 restores. */
const UNDO_WITHIN = 6_000

/** The deletions that one tap on 撤销 restores: those that followed each other within its time. */
class Deletions {
  /**
   * @param {{ remove(id: string): Promise<() => Promise<void>> }} studio
   * @param {(count: number) => void} onChange called with the number of drawings that 撤销 restores
   */
  constructor(studio, onChange) {
    this.studio = studio
    this.onChange = onChange
    /** Each gives the function that restores the drawing. @type {Promise<() => Promise<void>>[]} */
    this.removals = []
    /** @type {any} */
    this.timer = null
  }

  /** Deletes a drawing. @param {string} id @returns {Promise<void>} rejects with a Failure */
  async add(id) {
    const removal = this.studio.remove(id)
    this.removals.push(removal)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.end(), UNDO_WITHIN)
    this.onChange(this.removals.length)
    try {
      await removal
    } catch (error) {
      this.removals = this.removals.filter((other) => other !== removal)
      this.onChange(this.removals.length)
      throw error
    }
  }

  /** Restores all of them. @returns {Promise<void>} rejects with the first Failure, after all were tried */
  async undo() {
    const { removals } = this
    this.end()
    const outcomes = await Promise.allSettled(removals.map(async (removal) => (await removal)()))
    const failed = outcomes.find(({ status }) => status === 'rejected')
    if (failed) throw /** @type {PromiseRejectedResult} */ (failed).reason
  }

  /** Offers no 撤销 any more. */
  end() {
    clearTimeout(this.timer)
    this.removals = []
    this.onChange(0)
  }
}

module.exports = { Deletions }
