// Saves a picture, still or moving, to the phone's album, and asks for the permission only then.

const { longerSide } = require('./picture')

/**
 * @typedef {'saved' | 'refused' | 'cancelled' | 'failed'} Outcome
 * - `refused`: the permission was refused once; WeChat will not ask again, only its settings page changes it
 */

/** @param {any} wx @param {string} name @param {object} [options] @returns {Promise<any>} */
function promise(wx, name, options) {
  return new Promise((resolve, reject) => { wx[name]({ ...options, success: resolve, fail: reject }) })
}

/**
 * Whether the album may be written: `undefined` where the user was never asked.
 * @param {any} wx
 * @returns {Promise<boolean | undefined>}
 */
async function permission(wx) {
  const { authSetting } = await promise(wx, 'getSetting')
  return authSetting['scope.writePhotosAlbum']
}

/**
 * @param {any} wx
 * @param {() => Promise<string>} picture makes the file; its path
 * @returns {Promise<Outcome>} rejects with what `picture` rejects with
 */
async function saveToAlbum(wx, picture) {
  const allowed = await permission(wx)
  if (allowed === false) return 'refused'
  if (allowed === undefined) {
    const { confirm } = await promise(wx, 'showModal', {
      title: '保存到相册',
      content: '需要你允许添加到相册，只用来保存你的画，不会读取你的照片。',
      confirmText: '继续',
      cancelText: '暂不',
    })
    if (!confirm) return 'cancelled'
  }
  const filePath = await picture()
  try {
    await promise(wx, 'saveImageToPhotosAlbum', { filePath })
    return 'saved'
  } catch (error) {
    const said = String((error && /** @type {any} */ (error).errMsg) || error)
    if (/cancel|privacy permission/.test(said)) return 'cancelled'
    return (await permission(wx)) === false ? 'refused' : 'failed'
  }
}

/**
 * The picture as the server renders it.
 * @param {any} wx
 * @param {import('./api').Api} api
 * @param {{ id: string, width: number, height: number }} drawing
 * @param {number} [width] pixels
 * @returns {Promise<string>} a temporary file's path; rejects where it cannot be had now
 */
function downloadPicture(wx, api, drawing, width = 1080) {
  return api.file(wx, `/drawings/${drawing.id}/image.png?size=${longerSide(drawing, width)}`)
}

/**
 * The replay as an animated picture, which the server makes of the actions that it has.
 * @param {any} wx
 * @param {import('./api').Api} api
 * @param {string} id of a drawing
 * @param {'sticker' | '480' | '720'} size
 * @returns {Promise<string>} a temporary file's path; rejects with a Failure
 */
function downloadGif(wx, api, id, size) {
  return api.file(wx, `/drawings/${id}/image.gif?size=${size}`)
}

module.exports = { saveToAlbum, downloadGif, downloadPicture, permission }
