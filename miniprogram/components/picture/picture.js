const { downloadPicture, saveToAlbum } = require('../../lib/album')
const { longerSide, paintCard, paintWhole } = require('../../lib/picture')

/** Pixels of a saved picture's width. */
const WIDTH = 1080

/** The drawing whose picture was asked for last. @type {WeakMap<object, import('../../lib/drawing').Drawing>} */
const asked = new WeakMap()

// Makes files of drawings and saves them to the album. Every page that offers 保存图片 or sharing holds one.
Component({
  data: { refused: false },
  methods: {
    /**
     * The picture as a file, painted on this phone.
     * @param {import('../../lib/drawing').Drawing} drawing
     * @param {{ width?: number, card?: boolean }} [how] `card`: on a 5 : 4 card for sharing
     * @returns {Promise<string>} a temporary file's path
     */
    async paint(drawing, { width = WIDTH, card = false } = {}) {
      const canvas = await this.easel()
      const layer = wx.createOffscreenCanvas({ type: '2d', width: 1, height: 1 })
      if (card) paintCard(canvas, layer, drawing.picture, drawing, width)
      else paintWhole(canvas, layer, drawing.picture, drawing, longerSide(drawing, width))
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

    /** @returns {Promise<any>} the canvas node */
    easel() {
      return new Promise((resolve) => {
        this.createSelectorQuery().select('#easel').fields({ node: true }).exec(([{ node }]) => resolve(node))
      })
    },

    /**
     * The server's picture where it can be had, otherwise the same from this phone.
     * @param {import('../../lib/drawing').Drawing} drawing
     */
    async file(drawing) {
      const { api, online, studio } = getApp()
      if (online && (await studio.saved(drawing))) {
        try {
          return await downloadPicture(wx, api, drawing, WIDTH)
        } catch {
          // The canvas has the same picture.
        }
      }
      return this.paint(drawing)
    },

    /** 保存图片. @param {import('../../lib/drawing').Drawing} drawing */
    async save(drawing) {
      asked.set(this, drawing)
      try {
        const outcome = await saveToAlbum(wx, async () => {
          wx.showLoading({ title: '保存中' })
          try {
            return await this.file(drawing)
          } finally {
            wx.hideLoading()
          }
        })
        if (outcome === 'saved') wx.showToast({ title: '已存到相册', icon: 'success' })
        if (outcome === 'refused') this.setData({ refused: true })
        if (outcome === 'failed') wx.showToast({ title: '没能存到相册', icon: 'none' })
      } catch (error) {
        this.selectComponent('#fault').tell(error)
      }
    },

    /** Back from the settings. @param {any} event */
    settled({ detail }) {
      this.close()
      const drawing = asked.get(this)
      if (drawing && detail.authSetting['scope.writePhotosAlbum']) void this.save(drawing)
    },

    async send() {
      this.close()
      const drawing = asked.get(this)
      if (!drawing) return
      try {
        const path = await this.file(drawing)
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
      this.setData({ refused: false })
    },
  },
})
