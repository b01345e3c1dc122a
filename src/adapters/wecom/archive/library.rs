//! The vendor's library, loaded while the daemon runs, and its C interface (`WeWorkFinanceSdk_C.h`, doc 91774). The only
//! module that is not checked by the compiler alone: what it gives back is copied, measured and freed here.
#![allow(unsafe_code, reason = "the library has a C interface and no other; every call into it is made in this file")]

use std::ffi::{CString, c_char, c_int, c_uint, c_ulonglong};
use std::marker::{PhantomData, PhantomPinned};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use super::state::Code;
use crate::adapters::http::root_cause;

/// The most messages that one call may ask for.
pub const MOST_MESSAGES: u32 = 1000;
/// What a call gives back is never larger, in bytes: 1,000 messages, most of them short.
const LARGEST_ANSWER: usize = 256 << 20;
/// A piece of a file is never larger, in bytes; 512 KiB by its documentation.
const LARGEST_PIECE: usize = 16 << 20;

/// Something of the library's that only pointers lead to.
#[repr(C)]
struct Opaque {
    _data: [u8; 0],
    _not_ours: PhantomData<(*mut u8, PhantomPinned)>,
}

type Slice = Opaque;
type Media = Opaque;

/// The functions, as the header declares them.
#[derive(Clone, Copy)]
struct Functions {
    new_sdk: unsafe extern "C" fn() -> *mut Opaque,
    init: unsafe extern "C" fn(*mut Opaque, *const c_char, *const c_char) -> c_int,
    destroy_sdk: unsafe extern "C" fn(*mut Opaque),
    get_chat_data: unsafe extern "C" fn(
        *mut Opaque,
        c_ulonglong,
        c_uint,
        *const c_char,
        *const c_char,
        c_int,
        *mut Slice,
    ) -> c_int,
    decrypt_data: unsafe extern "C" fn(*const c_char, *const c_char, *mut Slice) -> c_int,
    get_media_data: unsafe extern "C" fn(
        *mut Opaque,
        *const c_char,
        *const c_char,
        *const c_char,
        *const c_char,
        c_int,
        *mut Media,
    ) -> c_int,
    new_slice: unsafe extern "C" fn() -> *mut Slice,
    free_slice: unsafe extern "C" fn(*mut Slice),
    slice_content: unsafe extern "C" fn(*mut Slice) -> *mut c_char,
    slice_len: unsafe extern "C" fn(*mut Slice) -> c_int,
    new_media: unsafe extern "C" fn() -> *mut Media,
    free_media: unsafe extern "C" fn(*mut Media),
    media_index: unsafe extern "C" fn(*mut Media) -> *mut c_char,
    media_index_len: unsafe extern "C" fn(*mut Media) -> c_int,
    media_data: unsafe extern "C" fn(*mut Media) -> *mut c_char,
    media_data_len: unsafe extern "C" fn(*mut Media) -> c_int,
    media_finished: unsafe extern "C" fn(*mut Media) -> c_int,
}

/// Why the library did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// The file cannot be loaded.
    #[error("the library cannot be loaded: {0}")]
    Load(String),
    /// The file is another library.
    #[error("the library has no function `{0}`: it is not WeCom's libWeWorkFinanceSdk_C.so")]
    Function(&'static str),
    /// It gave back a number that is not 0.
    #[error("{call}: {code}")]
    Failed {
        /// The function.
        call: &'static str,
        /// What it gave back.
        code: Code,
    },
    /// It gave back nothing, or more than can be.
    #[error("{call}: the library gave back {what}")]
    Nonsense {
        /// The function.
        call: &'static str,
        /// What it gave back.
        what: String,
    },
    /// Something that goes to it holds a NUL, which no C text can.
    #[error("{0} holds a NUL character")]
    Nul(&'static str),
}

/// The loaded library. Never unloaded: what it started (threads, OpenSSL) would go on in memory that is not there any more.
#[derive(Clone, Copy)]
pub struct Library {
    functions: Functions,
}

/// How a handle reaches WeCom.
#[derive(Clone, Default)]
pub struct Access {
    /// The corp's id, `ww…`.
    pub corp: String,
    /// The archive's own secret, not an app's. Never shown: hence no `Debug`.
    pub secret: String,
    /// A proxy's address, `http://…` or `socks5://…`; empty for none.
    pub proxy: String,
    /// The proxy's `user:password`; empty for none.
    pub proxy_password: String,
    /// How long one call may take; rounded up to whole seconds.
    pub timeout: Duration,
    /// Told of each number that a call gives back and that is not 0: for whoever counts.
    pub told: Option<Told>,
}

/// Told of a number that a call gave back.
pub type Told = Arc<dyn Fn(Code) + Send + Sync>;

impl Library {
    /// Loads the library. What it runs while it is loaded cannot be checked: it is the operator's word that this file is
    /// WeCom's.
    ///
    /// # Errors
    /// There is no such file, it is none for this machine, or it has not the functions.
    pub fn open(path: &Path) -> Result<Self, LibraryError> {
        // SAFETY: loading runs the file's initialisers; that the file is WeCom's is what the operator's setting says.
        let library = unsafe { libloading::Library::new(path) };
        let library =
            library.map_err(|error| LibraryError::Load(format!("{}: {}", path.display(), root_cause(&error))))?;
        let functions = Functions {
            new_sdk: function(&library, "NewSdk")?,
            init: function(&library, "Init")?,
            destroy_sdk: function(&library, "DestroySdk")?,
            get_chat_data: function(&library, "GetChatData")?,
            decrypt_data: function(&library, "DecryptData")?,
            get_media_data: function(&library, "GetMediaData")?,
            new_slice: function(&library, "NewSlice")?,
            free_slice: function(&library, "FreeSlice")?,
            slice_content: function(&library, "GetContentFromSlice")?,
            slice_len: function(&library, "GetSliceLen")?,
            new_media: function(&library, "NewMediaData")?,
            free_media: function(&library, "FreeMediaData")?,
            media_index: function(&library, "GetOutIndexBuf")?,
            media_index_len: function(&library, "GetIndexLen")?,
            media_data: function(&library, "GetData")?,
            media_data_len: function(&library, "GetDataLen")?,
            media_finished: function(&library, "IsMediaDataFinish")?,
        };
        std::mem::forget(library); // so the functions stay where they are as long as the process lives
        Ok(Self { functions })
    }
}

/// Finds a function by its name. The caller names a type that the header gives it.
fn function<F: Copy>(library: &libloading::Library, name: &'static str) -> Result<F, LibraryError> {
    // SAFETY: the type is the header's; a file that has a function of this name with another type is not WeCom's.
    let found = unsafe { library.get::<F>(name.as_bytes()) };
    found.map(|symbol| *symbol).map_err(|_| LibraryError::Function(name))
}

/// A handle of the library. It is not said to bear several threads, and this type is neither `Send` nor `Sync`.
pub struct Sdk {
    functions: Functions,
    handle: NonNull<Opaque>,
    proxy: CString,
    proxy_password: CString,
    timeout: c_int,
    told: Option<Told>,
}

/// A piece of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where the next piece begins; `None` when this was the last.
    pub next: Option<String>,
}

impl Sdk {
    /// Makes a handle; asks nobody yet.
    ///
    /// # Errors
    /// The library refuses the corp's id or the secret by their form.
    pub fn init(library: Library, access: &Access) -> Result<Self, LibraryError> {
        let Library { functions } = library;
        let corp = text("the corp's id", &access.corp)?;
        let secret = text("the archive's secret", &access.secret)?;
        let (proxy, proxy_password) =
            (text("the proxy", &access.proxy)?, text("the proxy's password", &access.proxy_password)?);
        let seconds = access.timeout.as_secs() + u64::from(access.timeout.subsec_nanos() > 0);
        let timeout = c_int::try_from(seconds).unwrap_or(c_int::MAX).max(1);
        // SAFETY: takes nothing.
        let handle = NonNull::new(unsafe { (functions.new_sdk)() }).ok_or_else(|| nonsense("NewSdk", "no handle"))?;
        let sdk = Self { functions, handle, proxy, proxy_password, timeout, told: access.told.clone() };
        // SAFETY: the handle is live, both texts end with a NUL and outlive the call.
        sdk.check("Init", unsafe { (functions.init)(handle.as_ptr(), corp.as_ptr(), secret.as_ptr()) })?;
        Ok(sdk)
    }

    /// Messages behind the position `after`, sealed, as the JSON that the library gives back. Blocks up to the timeout.
    ///
    /// # Errors
    /// What the library says.
    pub fn chat_data(&mut self, after: u64, limit: u32) -> Result<Vec<u8>, LibraryError> {
        let slice = OwnSlice::new(self.functions)?;
        // SAFETY: the handle is live and used by this thread alone, the slice is live, the texts outlive the call.
        let code = unsafe {
            (self.functions.get_chat_data)(
                self.handle.as_ptr(),
                after,
                limit.min(MOST_MESSAGES),
                self.proxy.as_ptr(),
                self.proxy_password.as_ptr(),
                self.timeout,
                slice.raw.as_ptr(),
            )
        };
        self.check("GetChatData", code)?;
        slice.bytes("GetChatData")
    }

    /// Opens one message with its own key, which was opened with the corp's before.
    ///
    /// # Errors
    /// What the library says.
    pub fn decrypt(&mut self, key: &str, message: &str) -> Result<Vec<u8>, LibraryError> {
        let (key, message) = (text("the key of a message", key)?, text("a message", message)?);
        let slice = OwnSlice::new(self.functions)?;
        // SAFETY: both texts end with a NUL and outlive the call, the slice is live.
        let code = unsafe { (self.functions.decrypt_data)(key.as_ptr(), message.as_ptr(), slice.raw.as_ptr()) };
        self.check("DecryptData", code)?;
        slice.bytes("DecryptData")
    }

    /// A piece of a picture, file, voice or video. `index` is empty for the first, else what the piece before said. Blocks
    /// up to the timeout.
    ///
    /// # Errors
    /// What the library says.
    pub fn media(&mut self, file: &str, index: &str) -> Result<Piece, LibraryError> {
        let (file, index) = (text("a file's id", file)?, text("a file's index", index)?);
        let media = OwnMedia::new(self.functions)?;
        // SAFETY: the handle is live and used by this thread alone, the texts outlive the call, the piece is live.
        let code = unsafe {
            (self.functions.get_media_data)(
                self.handle.as_ptr(),
                index.as_ptr(),
                file.as_ptr(),
                self.proxy.as_ptr(),
                self.proxy_password.as_ptr(),
                self.timeout,
                media.raw.as_ptr(),
            )
        };
        self.check("GetMediaData", code)?;
        media.piece()
    }

    fn check(&self, call: &'static str, code: c_int) -> Result<(), LibraryError> {
        if code == 0 {
            return Ok(());
        }
        let code = Code::of(code);
        if let Some(told) = &self.told {
            told(code);
        }
        Err(LibraryError::Failed { call, code })
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        // SAFETY: the handle is live and not used afterwards.
        unsafe { (self.functions.destroy_sdk)(self.handle.as_ptr()) };
    }
}

/// A slice that is freed.
struct OwnSlice {
    functions: Functions,
    raw: NonNull<Slice>,
}

impl OwnSlice {
    fn new(functions: Functions) -> Result<Self, LibraryError> {
        // SAFETY: takes nothing.
        let raw = NonNull::new(unsafe { (functions.new_slice)() }).ok_or_else(|| nonsense("NewSlice", "nothing"))?;
        Ok(Self { functions, raw })
    }

    fn bytes(&self, call: &'static str) -> Result<Vec<u8>, LibraryError> {
        let Functions { slice_content, slice_len, .. } = self.functions;
        // SAFETY: the slice is live; what it points to is, by the header, as long as it says, until it is freed.
        unsafe { copy(call, slice_content(self.raw.as_ptr()), slice_len(self.raw.as_ptr()), LARGEST_ANSWER) }
    }
}

impl Drop for OwnSlice {
    fn drop(&mut self) {
        // SAFETY: the slice is live and not used afterwards.
        unsafe { (self.functions.free_slice)(self.raw.as_ptr()) };
    }
}

/// A piece of a file that is freed.
struct OwnMedia {
    functions: Functions,
    raw: NonNull<Media>,
}

impl OwnMedia {
    fn new(functions: Functions) -> Result<Self, LibraryError> {
        // SAFETY: takes nothing.
        let raw =
            NonNull::new(unsafe { (functions.new_media)() }).ok_or_else(|| nonsense("NewMediaData", "nothing"))?;
        Ok(Self { functions, raw })
    }

    fn piece(&self) -> Result<Piece, LibraryError> {
        let Functions { media_data, media_data_len, media_index, media_index_len, media_finished, .. } = self.functions;
        let raw = self.raw.as_ptr();
        // SAFETY: the piece is live; what it points to is, by the header, as long as it says, until it is freed.
        let (bytes, index, finished) = unsafe {
            let bytes = copy("GetMediaData", media_data(raw), media_data_len(raw), LARGEST_PIECE)?;
            let index = copy("GetMediaData", media_index(raw), media_index_len(raw), LARGEST_PIECE)?;
            (bytes, index, media_finished(raw) != 0)
        };
        if finished {
            return Ok(Piece { bytes, next: None });
        }
        match String::from_utf8(index) {
            Ok(next) if !next.is_empty() => Ok(Piece { bytes, next: Some(next) }),
            _ => Err(nonsense("GetMediaData", "no place where the next piece begins")),
        }
    }
}

impl Drop for OwnMedia {
    fn drop(&mut self) {
        // SAFETY: the piece is live and not used afterwards.
        unsafe { (self.functions.free_media)(self.raw.as_ptr()) };
    }
}

/// Copies what the library points to.
///
/// # Safety
/// `from` is null or points to at least `len` bytes that stay as they are meanwhile.
unsafe fn copy(call: &'static str, from: *const c_char, len: c_int, limit: usize) -> Result<Vec<u8>, LibraryError> {
    let size = usize::try_from(len).map_err(|_| nonsense(call, format!("a length of {len}")))?;
    if size > limit {
        return Err(nonsense(call, format!("{size} bytes, more than {limit}")));
    }
    if size == 0 {
        return Ok(Vec::new());
    }
    if from.is_null() {
        return Err(nonsense(call, format!("{size} bytes that are nowhere")));
    }
    // SAFETY: not null, and by the caller's word as long as that.
    Ok(unsafe { std::slice::from_raw_parts(from.cast::<u8>(), size) }.to_vec())
}

fn text(what: &'static str, text: &str) -> Result<CString, LibraryError> {
    CString::new(text).map_err(|_| LibraryError::Nul(what))
}

fn nonsense(call: &'static str, what: impl Into<String>) -> LibraryError {
    LibraryError::Nonsense { call, what: what.into() }
}
