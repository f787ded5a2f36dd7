import { FlexattnError } from '@flexattn/stage/errors';

/** Why a checkpoint, a weight file or a configuration was refused. */
export type ModelPrepErrorCode =
  // one .safetensors file
  /** The file ends before its data do. */
  | 'FILE_TRUNCATED'
  /** Bytes stand behind the last tensor. */
  | 'TRAILING_BYTES'
  /** The header's length field is too small for a header. */
  | 'HEADER_TOO_SMALL'
  /** The header's length field is beyond the format's limit. */
  | 'HEADER_TOO_LARGE'
  /**
   * The header, or a name to be written into one, is not UTF-8. Remedy: this is no safetensors file, or it
   * is damaged: get it again
   */
  | 'HEADER_NOT_UTF8'
  /** The header is not JSON as the format has it. */
  | 'HEADER_NOT_JSON'
  /** `__metadata__` is not an object of strings. */
  | 'BAD_METADATA'
  /** A tensor or a metadata key stands twice; readers differ in which one they take. */
  | 'DUPLICATE_NAME'
  /**
   * A tensor's entry has a field that the format does not know. Remedy: write the file again with the
   * safetensors library
   */
  | 'UNKNOWN_FIELD'
  /** A tensor's entry lacks a field. Remedy: write the file again with the safetensors library */
  | 'MISSING_FIELD'
  /** A tensor's dtype is none of the format, or has less than a byte. Remedy: write the tensor again with a dtype of whole bytes */
  | 'BAD_DTYPE'
  /**
   * A tensor's shape is not a short list of sizes. Remedy: write the file again with the safetensors
   * library
   */
  | 'BAD_SHAPE'
  /**
   * A tensor's `data_offsets` are not two ordered places in the data. Remedy: write the file again with the
   * safetensors library
   */
  | 'BAD_OFFSETS'
  /**
   * A number is 2^53 or more, which readers would round. Remedy: no real tensor needs it: get the file
   * again
   */
  | 'NUMBER_TOO_LARGE'
  /** A name is longer than any model's. Remedy: rename the tensor */
  | 'NAME_TOO_LONG'
  /**
   * A tensor has another number of bytes than dtype and shape say. Remedy: write the tensor again, all of
   * it
   */
  | 'SIZE_MISMATCH'
  /** Two entries share bytes of the file. */
  | 'OVERLAP'
  /** Bytes of the file belong to no entry. */
  | 'HOLE'
  // one PyTorch zip file
  /** The file was written by PyTorch before 1.6. */
  | 'LEGACY_PICKLE'
  /** The file is not what `torch.save` writes of a state dict. */
  | 'NOT_A_TORCH_FILE'
  /** The zip archive is cut short or inconsistent. */
  | 'ZIP_DAMAGED'
  /** The zip archive has a feature that `torch.save` never uses. */
  | 'ZIP_UNSUPPORTED'
  /**
   * Two places of the zip archive say different things about one entry. Remedy: the file is damaged or was
   * made to deceive: get it again from where it comes from
   */
  | 'ZIP_MISMATCH'
  /**
   * The archive's directory, or a part that is held in memory, is beyond the limits. Remedy: no state dict
   * needs that much: check where the file comes from
   */
  | 'ZIP_TOO_LARGE'
  /** Bytes of an entry are not those that were written. */
  | 'CRC_MISMATCH'
  /** The archive lacks a part that its pickle names. */
  | 'ENTRY_MISSING'
  /** The archive names no known byte order. Remedy: the file is damaged: copy or download it again */
  | 'BAD_BYTE_ORDER'
  /** The pickle ends early, or does not fit together. */
  | 'PICKLE_DAMAGED'
  /**
   * The pickle holds an instruction that no state dict needs. Remedy: save the state dict alone:
   * torch.save(model.state_dict(), file)
   */
  | 'PICKLE_OPCODE'
  /** The pickle names something that no state dict needs, maybe a program. It is not looked up. */
  | 'PICKLE_GLOBAL'
  /** The pickle calls something in a way that no state dict does. It is not called. */
  | 'PICKLE_CALL'
  /**
   * The pickle needs more memory than a state dict does. Remedy: check where the file comes from; save the
   * state dict alone
   */
  | 'PICKLE_TOO_LARGE'
  /** The pickle holds something else than a dict of tensors. */
  | 'BAD_STATE_DICT'
  /** A tensor's storage is not described as PyTorch does, or has another size. */
  | 'BAD_STORAGE'
  /** A tensor reaches beyond its storage, or is more than a plain view of it. */
  | 'BAD_VIEW'
  // a folder of them
  /** The checkpoint's folder is not there. */
  | 'FOLDER_MISSING'
  /** A folder of a model has no config.json. */
  | 'CONFIG_MISSING'
  /** The folder holds another model than LLaVA. */
  | 'NOT_A_CHECKPOINT'
  /** config.json is damaged, contradicts the weights, or asks for what is not implemented. */
  | 'BAD_CONFIG'
  /** The folder has no weight files. */
  | 'NO_WEIGHTS'
  /** The weights are PyTorch files where only safetensors will do. */
  | 'PYTORCH_WEIGHTS'
  /** The folder has two sets of weights, and nothing says which counts. */
  | 'AMBIGUOUS_WEIGHTS'
  /** The weights are safetensors already. */
  | 'NOTHING_TO_CONVERT'
  /** The index of the weight files is damaged. */
  | 'BAD_INDEX'
  /** The index names a weight file that is not there. */
  | 'SHARD_MISSING'
  /** The index names a tensor that its file does not hold. */
  | 'TENSOR_NOT_IN_SHARD'
  /** Two weight files hold one tensor. */
  | 'TENSOR_IN_TWO_SHARDS'
  /** A weight file holds a tensor that the index does not name. */
  | 'TENSOR_NOT_IN_INDEX'
  /** A tensor that config.json implies, or that was asked for, is not there. */
  | 'TENSOR_MISSING'
  /** A tensor has another shape than config.json implies. */
  | 'SHAPE_MISMATCH'
  /** The weights have another number of layers than config.json says. */
  | 'LAYER_COUNT_MISMATCH'
  /** A tensor is too large to be held at once. */
  | 'TENSOR_TOO_LARGE'
  /** A tensor's dtype is not one that can be computed with here. */
  | 'DTYPE_UNSUPPORTED'
  /** No decoder stands under the names that were expected. */
  | 'BAD_PREFIX'
  /** A slice of a tensor lies outside its rows. Remedy: choose 0 <= begin <= end <= rows */
  | 'BAD_SLICE'
  // the initialisation
  /** There is no such strategy, or no such seed. */
  | 'BAD_RECIPE'
  /** Some high-resolution projections are trained, others missing. */
  | 'PARTLY_TRAINED'
  /** Trained projections would be overwritten where they are. */
  | 'FORCE_IN_PLACE'
  /** Nothing says where to write. */
  | 'OUT_MISSING'
  /** The checkpoint's folder may not be written to. */
  | 'READ_ONLY'
  /** A link leaves the checkpoint; what it names is not read. */
  | 'LINK_ESCAPE'
  /** Something in the checkpoint is a pipe, a socket or a device. */
  | 'NOT_A_REGULAR_FILE'
  /** A file stands where a new one belongs. */
  | 'NAME_TAKEN'
  /** The output folder holds something else. */
  | 'OUT_EXISTS'
  /** Output and checkpoint lie one inside the other. */
  | 'OUT_OVERLAPS'
  // the hub
  /** The name of a model on the hub has another form. */
  | 'BAD_HUB_REFERENCE'
  /** `HF_ENDPOINT` is no address. Remedy: set it to an http or https address, or leave it out */
  | 'BAD_ENDPOINT'
  /** The repository has no file that was asked for. */
  | 'NOTHING_TO_DOWNLOAD'
  /** The hub lets only certain accounts read the model. */
  | 'HUB_DENIED'
  /** The hub has no such repository or revision. */
  | 'HUB_NOT_FOUND'
  /** The hub answers with something that is no answer to the question. */
  | 'HUB_REFUSED'
  /** The hub cannot be reached, or broke off too often. */
  | 'HUB_UNREACHABLE'
  /** A file arrived with another hash than the hub says. */
  | 'HUB_WRONG_BYTES'
  /** flexattn.lock.json is damaged, or pins something else. */
  | 'BAD_LOCK_FILE'
  /** Without the network a model is wanted that is not kept here. */
  | 'OFFLINE'
  // checks of a folder
  /** The list of SHA-256 sums is none. */
  | 'BAD_CHECKSUMS';

/** A refusal by this library; `code` tells which one, `file` and `item` (a tensor or a key) where. */
export class ModelPrepError extends FlexattnError<ModelPrepErrorCode> {}
