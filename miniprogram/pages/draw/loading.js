// Opens drawings on the draw page, and fetches what other devices added.

/** The draw page as this module uses it. @typedef {any} DrawPage */

/** @param {DrawPage} page @param {string} id */
async function open(page, id) {
  const { studio } = page.services
  const summary = studio.summaries.get(id)
  if (summary) {
    Object.assign(page.drawing, { width: summary.width, height: summary.height })
    page.setData({ glimpse: summary.image_url })
  }
  const ahead = studio.ahead(id)
  if (ahead) {
    // The user draws at once, on the picture that the gallery showed.
    page.use(ahead)
    await fill(page, ahead)
    return
  }
  page.opening = true
  try {
    const drawing = await studio.open(id)
    page.opening = false
    page.use(drawing)
    refresh(page)
  } catch (error) {
    page.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void open(page, id) })
  }
}

/**
 * Loads the earlier actions, below what is drawn meanwhile.
 * @param {DrawPage} page @param {import('../../lib/drawing').Drawing} drawing
 */
async function fill(page, drawing) {
  try {
    await page.services.studio.fill(drawing)
    if (page.drawing !== drawing) return
    // The end of a stroke that is being drawn brings the picture.
    if (!page.recorder.stroke) page.repaint()
    refresh(page)
  } catch (error) {
    page.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void fill(page, drawing) })
  }
}

/** Asks the server for actions of another device. @param {DrawPage} page */
function refresh(page) {
  const { drawing, services: { saver } } = page
  if (drawing.acked === 0) return
  saver.refresh(drawing).catch((/** @type {any} */ error) => {
    if (page.drawing !== drawing || (error.kind !== 'deleted' && error.kind !== 'missing')) return
    saver.set(drawing.id, error.kind === 'deleted' ? 'deleted' : 'gone', error)
    page.setData({ panel: 'deleted' })
  })
}

module.exports = { open, refresh }
