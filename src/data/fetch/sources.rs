//! The files that can be fetched, with their addresses and checksums.
//!
//! Lengths and SHA-256 sums of the files are those of TensorFlow Datasets (`tensorflow/datasets` on GitHub,
//! `tensorflow_datasets/url_checksums/` in `mnist.txt` at commit 31f1255e57e5, and in `fashion_mnist.txt`,
//! `kmnist.txt` and `cifar10.txt` at commit 333639b37af6). The sums of MNIST's unpacked content were computed from a
//! copy of the four files; many projects publish the same ones.

/// A data set that can be fetched.
#[derive(Debug)]
pub struct Source {
    /// The config key, and the name of its folder.
    pub name: &'static str,
    /// Base addresses of the files, in the order in which they are tried.
    pub addresses: &'static [&'static str],
    /// The files.
    pub files: &'static [RemoteFile],
    /// The files to extract, if the only file is an archive; otherwise empty.
    pub unpacked: &'static [&'static str],
}

/// A file on the mirrors.
#[derive(Debug)]
pub struct RemoteFile {
    /// The name, on the mirrors and on disk.
    pub name: &'static str,
    /// Its length in bytes.
    pub length: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: &'static str,
    /// The content of a gzip file, if known: recompressed copies are then accepted as well.
    pub content: Option<Content>,
}

/// The content of a gzip file.
#[derive(Debug)]
pub struct Content {
    /// Its length in bytes.
    pub length: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: &'static str,
}

impl Source {
    /// All data sets that can be fetched.
    pub const ALL: [&'static Self; 4] = [&MNIST, &FASHION_MNIST, &KMNIST, &CIFAR10];
}

impl RemoteFile {
    const fn new(name: &'static str, length: u64, sha256: &'static str) -> Self {
        Self { name, length, sha256, content: None }
    }

    const fn holding(self, length: u64, sha256: &'static str) -> Self {
        Self { content: Some(Content { length, sha256 }), ..self }
    }
}

/// MNIST. Its original home, Yann LeCun's page, no longer serves the files.
pub const MNIST: Source = Source {
    name: "mnist",
    addresses: &[
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ],
    files: &[
        RemoteFile::new(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        )
        .holding(47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        RemoteFile::new(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        )
        .holding(60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        RemoteFile::new(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        )
        .holding(7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        RemoteFile::new(
            "t10k-labels-idx1-ubyte.gz",
            4542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        )
        .holding(10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ],
    unpacked: &[],
};

/// Fashion-MNIST.
pub const FASHION_MNIST: Source = Source {
    name: "fashion_mnist",
    addresses: &[
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ],
    files: &[
        RemoteFile::new(
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        RemoteFile::new(
            "train-labels-idx1-ubyte.gz",
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        RemoteFile::new(
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        RemoteFile::new(
            "t10k-labels-idx1-ubyte.gz",
            5148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ],
    unpacked: &[],
};

/// Kuzushiji-MNIST. The second address is from `tensorflow/swift-models`.
pub const KMNIST: Source = Source {
    name: "kmnist",
    addresses: &[
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/KMNIST/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ],
    files: &[
        RemoteFile::new(
            "train-images-idx3-ubyte.gz",
            18_165_135,
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        ),
        RemoteFile::new(
            "train-labels-idx1-ubyte.gz",
            29_497,
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        ),
        RemoteFile::new(
            "t10k-images-idx3-ubyte.gz",
            3_041_136,
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        ),
        RemoteFile::new(
            "t10k-labels-idx1-ubyte.gz",
            5120,
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
    ],
    unpacked: &[],
};

/// CIFAR-10, the binary version. The second address is from `tensorflow/swift-models`.
pub const CIFAR10: Source = Source {
    name: "cifar10",
    addresses: &[
        "https://www.cs.toronto.edu/~kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ],
    files: &[RemoteFile::new(
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    )],
    unpacked: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
        "test_batch.bin",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_sum_and_every_set_several_addresses() {
        for source in Source::ALL {
            assert!(source.addresses.len() >= 2, "{}", source.name);
            for address in source.addresses {
                assert!(address.starts_with("http") && address.ends_with('/'), "{address}");
            }
            for file in source.files {
                let content = file.content.iter().map(|content| content.sha256);
                for sum in content.chain([file.sha256]) {
                    assert!(
                        sum.len() == 64 && sum.bytes().all(|c| b"0123456789abcdef".contains(&c)),
                        "{sum}"
                    );
                }
                assert!(file.length > 1000 && file.name.ends_with("gz"));
            }
            assert!(source.unpacked.is_empty() || source.files.len() == 1);
        }
    }
}
