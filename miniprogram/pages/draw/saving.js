// The save state of the draw page, and what the user can do about it.

const { Failure } = require('../../lib/http')
const { stateWords } = require('../../lib/words')

/** Save states that a user need not know of. */
const QUIET = ['saved', 'saving']

/** The draw page as this module uses it. @typedef {any} DrawPage */

/** @param {DrawPage} page */
function showState(page) {
  // A status that comes in during a stroke is shown at its end.
  if (page.recorder.stroke) {
    page.stateIsOld = true
    return
  }
  page.stateIsOld = false
  const { drawing, services: { saver, studio } } = page
  const known = saver.status(drawing.id).state
  const state = known === 'saved' && drawing.pendingCount > 0 ? 'saving' : known
  const unwritten = studio.isUnwritten(drawing.id)
  const trouble = drawing.seq > 0 && (unwritten || !QUIET.includes(state))
  page.setChanged({ state, trouble, unwritten, stateText: drawing.seq > 0 ? stateWords(state, unwritten) : '' })
}

/** Tells why the drawing is not saved, and offers what helps. @param {DrawPage} page */
function explain(page) {
  const { drawing, services: { saver, studio } } = page
  const { state, failure } = saver.status(drawing.id)
  const fault = page.selectComponent('#fault')
  const retry = { label: '现在重试', run: () => void saver.retry(drawing) }
  if (state === 'deleted' || state === 'gone') page.setData({ panel: 'deleted' })
  else if (!page.data.trouble) return
  else if (studio.isUnwritten(drawing.id)) {
    const code = 'phone_storage_full'
    fault.tell(new Failure('full', { code }), { label: '保存图片', run: () => page.savePicture() }, retry)
  } else if (failure) fault.tell(failure, retry)
}

/** Takes a drawing out of the bin that another device put there. @param {DrawPage} page */
async function restore(page) {
  page.closePanel()
  const { drawing, services: { api, saver } } = page
  try {
    await api.restore(drawing.id)
    await saver.retry(drawing)
    await saver.refresh(drawing)
  } catch (error) {
    page.selectComponent('#fault').tell(error)
  }
}

/** Deletes the one stroke and begins a new paper. @param {DrawPage} page */
async function retryStroke(page) {
  const { drawing, services: { studio } } = page
  page.use(page.blank('one_stroke'))
  try {
    await studio.remove(drawing.id)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    wx.showToast({ title: '刚才那一笔没能删除，还在画廊里', icon: 'none' })
  }
}

module.exports = { explain, restore, retryStroke, showState }
