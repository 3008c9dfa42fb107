const { downloadGif, downloadPicture, saveToAlbum } = require('../../lib/album')
const { longerSide, paintWhole } = require('../../lib/picture')
const { paintSeal, sealText, sealWanted } = require('../../lib/seal')

/** Pixels of a saved picture's width. */
const WIDTH = 1080

/**
 * @typedef {object} Order
 * @property {import('../../lib/drawing').Drawing} drawing
 * @property {'sticker' | '720'} [gif] the size of an animated picture; a still one where it is missing
 */

/** The picture that was requested last. @type {WeakMap<object, Order>} */
const asked = new WeakMap()
/** The painting under way: all share one canvas. @type {WeakMap<object, Promise<unknown>>} */
const busy = new WeakMap()

// Makes files of drawings and saves them to the album. Every page that offers 保存图片 or 做成动图 holds one.
Component({
  data: { refused: false, choosing: false },
  methods: {
    /**
     * The picture as a file, painted on this phone.
     * @param {import('../../lib/drawing').Drawing} drawing
     * @param {{ width?: number, sealed?: boolean }} [how] `sealed`: with the seal, where the user chose one
     * @returns {Promise<string>} a temporary file's path
     */
    paint(drawing, how = {}) {
      const before = busy.get(this) || Promise.resolve()
      const painted = before.catch(() => {}).then(() => this.paintNow(drawing, how))
      busy.set(this, painted)
      return painted
    },

    /**
     * @param {import('../../lib/drawing').Drawing} drawing
     * @param {{ width?: number, sealed?: boolean }} how
     * @returns {Promise<string>}
     */
    async paintNow(drawing, { width = WIDTH, sealed = false }) {
      const canvas = await this.easel()
      const layer = wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 })
      paintWhole(canvas, layer, drawing.picture, drawing, longerSide(drawing, width))
      const seal = sealed ? this.seal(drawing) : ''
      if (seal) {
        paintSeal(canvas.getContext('2d'), seal, { x: 0, y: 0, width: canvas.width, height: canvas.height })
      }
      // A phone may not have rastered yet what was painted this moment.
      await new Promise((resolve) => { canvas.requestAnimationFrame(() => resolve(undefined)) })
      // All of it, pixel for pixel: by default WeChat multiplies the size by the screen's pixel ratio.
      const { width: pixels, height: rows } = canvas
      const region = { x: 0, y: 0, width: pixels, height: rows, destWidth: pixels, destHeight: rows }
      return new Promise((resolve, reject) => {
        wx.canvasToTempFilePath(
          { canvas, ...region, fileType: 'png', success: ({ tempFilePath }) => resolve(tempFilePath), fail: reject },
          this,
        )
      })
    },

    /** @param {import('../../lib/drawing').Drawing} drawing @returns {string} the seal's text; empty for none */
    seal(drawing) {
      return sealWanted(wx) ? sealText(getApp().session.user, drawing) : ''
    },

    /** @returns {Promise<any>} the canvas node */
    easel() {
      return new Promise((resolve) => {
        this.createSelectorQuery().select('#easel').fields({ node: true }).exec(([{ node }]) => resolve(node))
      })
    },

    /**
     * The server's picture where it can be had, otherwise the same from this phone; with a seal always from here.
     * @param {import('../../lib/drawing').Drawing} drawing
     */
    async file(drawing) {
      const { api, online, studio } = getApp()
      if (online && !this.seal(drawing) && (await studio.saved(drawing))) {
        try {
          return await downloadPicture(wx, api, drawing, WIDTH)
        } catch {
          // The canvas has the same picture.
        }
      }
      return this.paint(drawing, { sealed: true })
    },

    /**
     * The animated picture, of all actions: those that the server does not have are saved first.
     * @param {import('../../lib/drawing').Drawing} drawing @param {'sticker' | '720'} size
     */
    async gif(drawing, size) {
      const { api, saver, studio } = getApp()
      if (!(await studio.saved(drawing))) throw saver.status(drawing.id).failure
      return downloadGif(wx, api, drawing.id, size)
    },

    /** @param {Order} order */
    fileOf({ drawing, gif }) {
      return gif ? this.gif(drawing, gif) : this.file(drawing)
    },

    /** 保存图片. @param {import('../../lib/drawing').Drawing} drawing */
    save(drawing) {
      return this.saveOrder({ drawing })
    },

    /** 做成动图. @param {import('../../lib/drawing').Drawing} drawing */
    askGif(drawing) {
      asked.set(this, { drawing, gif: 'sticker' })
      this.setData({ choosing: true })
    },

    async chooseGif({ currentTarget }) {
      this.close()
      const order = asked.get(this)
      if (order) await this.saveOrder({ ...order, gif: currentTarget.dataset.size })
    },

    /** @param {Order} order */
    async saveOrder(order) {
      asked.set(this, order)
      try {
        const outcome = await saveToAlbum(wx, async () => {
          wx.showLoading({ title: order.gif ? '正在做动图' : '保存中' })
          try {
            return await this.fileOf(order)
          } finally {
            wx.hideLoading()
          }
        })
        if (outcome === 'saved') wx.showToast({ title: '已存到相册', icon: 'success' })
        if (outcome === 'refused') this.setData({ refused: true })
        if (outcome === 'failed') wx.showToast({ title: '没能存到相册', icon: 'none' })
      } catch (error) {
        this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.saveOrder(order) })
      }
    },

    /** The user returns from WeChat's settings. @param {any} event */
    settled({ detail }) {
      this.close()
      const order = asked.get(this)
      if (order && detail.authSetting['scope.writePhotosAlbum']) void this.saveOrder(order)
    },

    async send() {
      this.close()
      const order = asked.get(this)
      if (!order) return
      try {
        const path = await this.fileOf(order)
        wx.showShareImageMenu({
          path,
          fail: ({ errMsg }) => {
            if (!/cancel/.test(errMsg)) wx.showToast({ title: '没能打开分享', icon: 'none' })
          },
        })
      } catch (error) {
        this.selectComponent('#fault').tell(error)
      }
    },

    close() {
      this.setData({ refused: false, choosing: false })
    },
  },
})
