// Pictures: the album with its permission, canvases as files, sharing, avatars.

import { TIMELINE, USERS } from '../device.js'
import { escape } from '../shell.js'
import { sourceOf } from '../components.js'
import { call } from './call.js'

const SCOPE = 'scope.writePhotosAlbum'

export function media({ host, shell, device, files, modal, sheet, privacy }) {
  const key = `preview.${device.number}.${device.user}.setting`
  const settings = () => JSON.parse(localStorage.getItem(key) ?? '{}')
  const allow = (value) => localStorage.setItem(key, JSON.stringify({ [SCOPE]: value }))
  shell.onAlbumReset = () => localStorage.removeItem(key)

  /** WeChat asks once; after a refusal only its settings page changes the answer. */
  async function album() {
    if (settings()[SCOPE] === undefined) {
      allow(await modal({ title: '“一笔到底”申请', content: '添加到相册', cancelText: '拒绝', confirmText: '允许' }))
    }
    return settings()[SCOPE]
  }

  /**
   * A card as it stands in a chat or in the timeline, to be opened by somebody else.
   * @param {{ title: string, imageUrl: string, page: string, scene: string }} about
   */
  function card({ title, imageUrl, page, scene }) {
    const friend = USERS.find(({ id }) => id !== device.user)
    const image = imageUrl ? `<img src="${escape(sourceOf(imageUrl))}" alt="分享图" style="width:100%;display:block">` : ''
    const address = `?user=${friend.id}${scene && `&scene=${scene}`}#${page}`
    const box = shell.overlay(`
      <section class="mp-modal" role="dialog" aria-label="分享">
        <h3>${escape(title)}</h3>${image}<p>${escape(page)}</p>
        <div><a href="${escape(address)}" target="_blank" rel="noopener">${friend.name}打开</a><button data-close>好</button></div>
      </section>`, 'mp-mask middle')
    box.addEventListener('click', (event) => { if ('close' in event.target.dataset) box.remove() })
  }

  async function share(from) {
    const { page } = host.top
    const said = page.onShareAppMessage ? page.onShareAppMessage(from) : {}
    const { title = '', path = '', imageUrl = '' } = { ...said, ...(await said.promise) }
    card({ title, imageUrl, page: path.replace(/^\//, ''), scene: '' })
  }

  function toTimeline() {
    const { page, path } = host.top
    const { title = '', query = '', imageUrl = '' } = page.onShareTimeline()
    card({ title, imageUrl, page: query ? `${path}?${query}` : path, scene: String(TIMELINE) })
  }

  /** WeChat's own menu, behind the three dots. */
  function menu() {
    if (!host.top.page.onShareTimeline) {
      void share({ from: 'menu' })
      return
    }
    const run = [() => void share({ from: 'menu' }), toTimeline]
    sheet({ itemList: ['发送给朋友', '分享到朋友圈'], success: ({ tapIndex }) => run[tapIndex](), fail: () => {} })
  }

  return {
    getSetting: (options) => call('getSetting', options, (ok) => ok({ authSetting: settings() })),
    openSetting: (options) => call('openSetting', options, (ok) => {
      void modal({ title: '设置', content: '添加到相册', cancelText: '不允许', confirmText: '允许' }).then((answer) => {
        allow(answer)
        ok({ authSetting: settings() })
      })
    }),
    saveImageToPhotosAlbum: privacy.guard('saveImageToPhotosAlbum', (options) => call('saveImageToPhotosAlbum', options, (ok, no) => {
      void album().then((allowed) => {
        if (!allowed) {
          no({ errMsg: 'saveImageToPhotosAlbum:fail auth deny' })
          return
        }
        void files.read(options.filePath).then(({ type }) => {
          const link = document.createElement('a')
          link.href = options.filePath
          link.download = type === 'image/gif' ? '一笔到底.gif' : '一笔到底.png'
          link.click()
          ok()
        })
      })
    })),
    showShareImageMenu: (options) => call('showShareImageMenu', options, (ok) => {
      const box = shell.overlay(`<section class="mp-modal" role="dialog" aria-label="分享图片"><h3>分享图片</h3><img src="${escape(options.path)}" alt="图片" style="width:100%;display:block"><div><button data-close>好</button></div></section>`, 'mp-mask middle')
      box.addEventListener('click', (event) => { if ('close' in event.target.dataset) box.remove() })
      ok()
    }),
    shareFileMessage: (options) => call('shareFileMessage', options, (ok, no) => {
      if (!host.backend.tapping) {
        no({ errMsg: 'shareFileMessage:fail can only be invoked by user TAP gesture.' })
        return
      }
      const link = document.createElement('a')
      link.href = options.filePath
      link.download = options.fileName ?? 'file'
      link.click()
      ok()
    }),
    canvasToTempFilePath: (options) => call('canvasToTempFilePath', options, (ok) => {
      const { canvas, x = 0, y = 0, fileType, quality } = options
      const { width = canvas.width - x, height = canvas.height - y } = options
      const { destWidth = width * devicePixelRatio, destHeight = height * devicePixelRatio } = options
      const copy = Object.assign(document.createElement('canvas'), { width: destWidth, height: destHeight })
      copy.getContext('2d').drawImage(canvas, x, y, width, height, 0, 0, destWidth, destHeight)
      copy.toBlob((blob) => ok({ tempFilePath: files.keep(blob) }), fileType === 'jpg' ? 'image/jpeg' : 'image/png', quality)
    }),
    createOffscreenCanvas: ({ width = 1, height = 1 } = {}) => Object.assign(document.createElement('canvas'), { width, height }),
    /** Behind open-type="share". */
    previewShare: (from) => void share(from),
    /** Behind the capsule. */
    previewMenu: menu,
    /** Behind open-type="chooseAvatar". @returns {Promise<string>} */
    previewAvatar: async () => {
      await privacy.needed('chooseAvatar')
      return new Promise((resolve, reject) => {
        const input = Object.assign(document.createElement('input'), { type: 'file', accept: 'image/*' })
        input.onchange = () => (input.files[0] ? resolve(files.keep(input.files[0])) : reject(new Error('cancel')))
        input.oncancel = () => reject(new Error('cancel'))
        input.click()
      })
    },
  }
}
